-- Asks about one key after the other: the first line of the file is the asking key, each other
-- line the body of a request.

local requests, at = {}, 0

function init(args)
  local lines = io.lines(args[1])
  local headers = { ["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. lines() }
  for body in lines do
    requests[#requests + 1] = wrk.format("POST", "/v1/keys/verify", headers, body)
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.timeout + errors.status
  io.write(string.format("figures %d %d %d %d %d\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), failed))
end
