"""Makes a key of an integration with the key of an app, and calls on behalf of the integration with a JWT."""

import base64
import hashlib
import hmac
import json
import sys
import urllib.request

base, app_id, integration_id, username, password = sys.argv[1:]
app = f"{base}/v2/apps/{app_id}"

basic = base64.b64encode(f"{username}:{password}".encode()).decode()
request = urllib.request.Request(
    f"{app}/integrations/{integration_id}/keys",
    data=json.dumps({"displayName": "My custom key"}).encode(),
    headers={"Authorization": f"Basic {basic}", "Content-Type": "application/json"},
    method="POST",
)
with urllib.request.urlopen(request) as answer:
    status, key = answer.status, json.load(answer)["key"]


def part(value):
    return base64.urlsafe_b64encode(value).rstrip(b"=")


head = part(json.dumps({"alg": "HS256", "typ": "JWT", "kid": key["id"]}).encode())
claims = part(json.dumps({"scope": "integration"}).encode())
signature = part(hmac.new(key["secret"].encode(), head + b"." + claims, hashlib.sha256).digest())
token = b".".join([head, claims, signature]).decode()

request = urllib.request.Request(f"{app}/integrations/me/webhooks", headers={"Authorization": f"Bearer {token}"})
with urllib.request.urlopen(request) as answer:
    webhooks = json.load(answer)["webhooks"]
print(status, key["id"], key["displayName"], len(key["secret"]), answer.status, len(webhooks))
