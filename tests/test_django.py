"""Django, both ways: what breaks there first when an adapter is not exact (traps 22 and 24).

Its settings are global to a process, so these requests run in one of their own.
"""

import json
import subprocess
import sys

import pytest

from cases import standard

APP = """
import json, sys
from django.conf import settings

settings.configure(
    ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SECRET_KEY="x", DEBUG=False, USE_TZ=True,
)
from django.core.asgi import get_asgi_application
from django.core.signals import request_finished
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse, StreamingHttpResponse
from django.urls import path

def upload(request):
    files = {name: file.read().decode() for name, file in request.FILES.items()}
    return JsonResponse({
        "post": request.POST.dict(), "files": files, "url": request.build_absolute_uri(),
        "path": request.path, "client": request.META.get("REMOTE_ADDR"),
        "cookies": request.COOKIES,
    })

def stream(request):
    return StreamingHttpResponse(str(number) for number in range(3))

urlpatterns = [path("upload/<name>", lambda r, name: upload(r)), path("stream", stream)]
finished = []
request_finished.connect(lambda **_: finished.append(1), weak=False)

from adapter import Handler

app = get_asgi_application() if sys.argv[1] == "asgi" else get_wsgi_application()
with Handler(app) as handler:
    results = [handler(event) for event in json.load(sys.stdin)]
print(json.dumps({"results": results, "finished": len(finished)}))
"""

FORM = (
    '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    '--b\r\nContent-Disposition: form-data; name="f"; filename="f.txt"\r\n\r\nfile\r\n--b--\r\n'
)


@pytest.mark.parametrize("interface", ["asgi", "wsgi"])
def test_django_gets_the_form_and_streams_and_ends_each_request(interface):
    upload = standard(
        "rest_api",
        httpMethod="POST",
        path="/upload/%E6%97%A5",
        multiValueHeaders={
            "Content-Type": ["multipart/form-data; boundary=b"],
            "Cookie": ["x=1", "y=2"],
        },
        body=FORM,
        requestContext={"path": "/prod/upload/%E6%97%A5"},
    )
    events = [
        upload,
        standard("http_api", rawPath="/stream"),
        standard("alb", headers={"host": ...}),
    ]
    process = subprocess.run(
        [sys.executable, "-c", APP, interface],
        input=json.dumps(events), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert process.returncode == 0, process.stderr
    told = json.loads(process.stdout)
    uploaded, streamed, health = told["results"]
    assert json.loads(uploaded["body"]) == {
        "post": {"a": "1"},
        "files": {"f": "file"},
        "url": "https://api.example.com/prod/upload/%E6%97%A5",
        "path": "/prod/upload/日",
        "client": "192.0.2.1",
        "cookies": {"x": "1", "y": "2"},
    }
    assert (streamed["statusCode"], streamed["body"]) == (200, "012")
    assert health["statusCode"] == 404
    assert told["finished"] == 3
