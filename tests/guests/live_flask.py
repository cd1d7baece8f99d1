"""A Flask app behind a WebSocket API."""

from flask import Flask, request

from adapter.websocket import Connections

app = Flask(__name__)
app.secret_key = "not a secret"


@app.post("/_events/websocket/$connect")
def connect():
    return "", 200 if request.cookies.get("who") else 401


@app.post("/_events/websocket/$disconnect")
def disconnect():
    return "", 204


@app.post("/_events/websocket/$default")
def echo():
    return request.get_data()


@app.post("/_events/websocket/tell")
def tell():
    message = request.get_json()
    Connections(request.environ["aws.event"]).post(message["to"], {"said": message["data"]})
    return {"from": request.headers["ce-connectionid"]}
