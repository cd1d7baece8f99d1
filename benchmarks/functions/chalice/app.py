"""GET /hello under `chalice local`."""

from chalice import Chalice, Response

app = Chalice(app_name="hello")


@app.route("/hello")
def hello():
    return Response("Hello, world!", headers={"Content-Type": "text/plain"})
