"""Whether a delivery is from whom it says: an HMAC of its body, with a secret that both know.

https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks/
"""

import hashlib
import hmac

GITHUB = "x-hub-signature-256"
BITBUCKET = "x-hub-signature"
_METHOD = "sha256="


def is_signed(secret: str, body: bytes, signature: str) -> bool:
    """Of the bytes as they came. Without a secret nothing is."""
    expected = _METHOD + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    # compare_digest takes as long for a good beginning as for a bad one; text has to be ASCII
    same = hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace"))
    return bool(secret) and same
