
load ./chilkat.dll

# This example assumes the Chilkat API to have been previously unlocked.

set http [new_CkHttp]

CkHttp_put_BasicAuth $http 1
CkHttp_put_Login $http "username"
CkHttp_put_Password $http "password"

# The following JSON is sent in the request body.

# {
#   "displayName": "My custom key"
# }

set json [new_CkJsonObject]

CkJsonObject_UpdateString $json "displayName" "My custom key"

CkHttp_SetRequestHeader $http "Content-Type" "application/json"

set sbRequestBody [new_CkStringBuilder]

CkJsonObject_EmitSb $json $sbRequestBody

set resp [CkHttp_PTextSb $http "POST" "https://domain.com/v2/apps/{{appId}}/integrations/:integrationId/keys" $sbRequestBody "utf-8" "application/json" 0 0]
if {[CkHttp_get_LastMethodSuccess $http] == 0} then {
    puts [CkHttp_lastErrorText $http]
    delete_CkHttp $http
    delete_CkJsonObject $json
    delete_CkStringBuilder $sbRequestBody
    exit
}

set sbResponseBody [new_CkStringBuilder]

CkHttpResponse_GetBodySb $resp $sbResponseBody

set jResp [new_CkJsonObject]

CkJsonObject_LoadSb $jResp $sbResponseBody
CkJsonObject_put_EmitCompact $jResp 0

puts "Response Body:"
puts [CkJsonObject_emit $jResp]

set respStatusCode [CkHttpResponse_get_StatusCode $resp]
puts "Response Status Code = $respStatusCode"
if {$respStatusCode >= 400} then {
    puts "Response Header:"
    puts [CkHttpResponse_header $resp]
    puts "Failed."
    delete_CkHttpResponse $resp

    delete_CkHttp $http
    delete_CkJsonObject $json
    delete_CkStringBuilder $sbRequestBody
    delete_CkStringBuilder $sbResponseBody
    delete_CkJsonObject $jResp
    exit
}

delete_CkHttpResponse $resp

set id [CkJsonObject_stringOf $jResp "key.id"]
set displayName [CkJsonObject_stringOf $jResp "key.displayName"]
set secret [CkJsonObject_stringOf $jResp "key.secret"]
