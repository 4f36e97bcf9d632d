-- Asks Keystead whether a request may pass, and tells the service behind HAProxy which key was used.

-- The section `listen keystead` of haproxy.cfg, which knows where Keystead is.
local KEYSTEAD = "http://127.0.0.1:8082/v1/authorize?"

-- What Keystead sees of a request: every line of these headers, because it refuses two keys at once.
local ASKED = { "authorization", "x-api-key", "x-master-user-api-key", "x-master-user-api-key-secret", "origin" }

-- What the service sees of the key, in place of what the client may have claimed.
local IDENTITY = {
    "x-key-id", "x-key-name", "x-key-kind", "x-key-permissions", "x-key-environment", "x-key-external-id", "x-key-owner",
    "x-key-tags", "x-key-metadata", "x-verify-code",
}

-- What the client sees of a refusal.
local REFUSAL = { "content-type", "www-authenticate", "retry-after", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset" }

local function authorize(txn, options)
    local sent = txn.http:req_get_headers()
    local headers = {
        ["x-forwarded-for"] = { txn.f:src() },
        ["x-forwarded-method"] = { txn.f:method() },
        ["x-forwarded-uri"] = { txn.f:path() },
    }
    for _, name in ipairs(ASKED) do
        if sent[name] then
            headers[name] = {}
            for n = 0, #sent[name] do
                table.insert(headers[name], sent[name][n])
            end
        end
    end

    local answer = core.httpclient():get { url = KEYSTEAD .. options, headers = headers, timeout = 6000 }
    local function header(name)
        local lines = answer and answer.headers and answer.headers[name]
        return lines and lines[0] or ""
    end

    if answer and answer.status == 200 then
        for _, name in ipairs(IDENTITY) do
            txn.http:req_set_header(name, header(name))
        end
        return
    end

    -- Keystead did not say yes.
    local refused = answer and (answer.status == 401 or answer.status == 403 or answer.status == 429)
    local reply = txn:reply { status = refused and answer.status or 503 }
    if refused then
        for _, name in ipairs(REFUSAL) do
            if header(name) ~= "" then
                reply:add_header(name, header(name))
            end
        end
        reply:set_body(answer.body)
    end
    txn:done(reply)
end

core.register_action("keystead", { "http-req" }, authorize, 1)
