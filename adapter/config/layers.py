"""The layers of a template's functions, as far as their content is in folders here.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-layerversion.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-layerversion.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import Layer
from .cloudformation import is_local, named

if TYPE_CHECKING:
    from pathlib import Path

    from .cloudformation import Resource, Template

_TYPES = ("AWS::Serverless::LayerVersion", "AWS::Lambda::LayerVersion")

# Into which folder `sam build` copies a layer, by what its BuildMethod begins with: modules beside
# a requirements.txt come below python.
# https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/building-layers.html
# and get_layer_subfolder in https://github.com/aws/aws-sam-cli/blob/develop/samcli/lib/build/workflow_config.py
_COPIED = ("python", "nodejs")


def of_function(found: Template, one: Resource) -> tuple[tuple[Layer, ...], list[str]]:
    """Its layers that are folders, in their order; of each other one a sentence.

    Raises ConfigError for layers that are no list.
    """
    read = [_layer(found, text) for text in one.properties.get("Layers").texts()]
    here = tuple(layer for layer in read if isinstance(layer, Layer))
    return here, [why for why in read if isinstance(why, str)]


def _layer(found: Template, text: str) -> Layer | str:
    """The layer of a reference or an ARN, or what is missing."""
    one = found.resources.get(named(text))
    if one is None or one.type not in _TYPES:
        return f"the layer {text!r:.120} isn't in the file, so functions are without it"
    folder = _folder(one)
    if folder is None:
        return f"the layer {one.id} isn't in a local folder, so functions are without it"
    if not folder.is_dir():
        return f"the layer {one.id} should be in the folder {folder}, so functions are without it"
    return Layer(folder, _below(one))


def _folder(one: Resource) -> Path | None:
    """Where its content is; None if that is in S3.

    The AWS CDK names it in the metadata:
    https://docs.aws.amazon.com/cdk/v2/guide/cli.html
    """
    content = one.properties.get("ContentUri") or one.properties.get("Content")
    if not is_local(content):
        content = one.node.get("Metadata", "aws:asset:path")
    return one.node.file.parent / content.text() if content and is_local(content) else None


def _below(one: Resource) -> str:
    """What `sam build` would put it below; "" for what it has built, and of which it says whose.

    https://github.com/aws/aws-sam-cli/blob/develop/samcli/lib/samlib/resource_metadata_normalizer.py
    """
    metadata = one.node.get("Metadata")
    if metadata.get("SamResourceId"):
        return ""
    method = metadata.get("BuildMethod").text()
    return next((name for name in _COPIED if method.startswith(name)), "")
