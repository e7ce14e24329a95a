import json, os
from pathlib import Path
import pytest
from activeseed.annotators.templates import template
from activeseed.resources import annotator_templates
from tests.server.by_api import Api
from tests.server.browser import at_desk
pytestmark = pytest.mark.server
def test_picture(server, browser):
    kind = "weigh_objective"
    api = Api(server.url, server.admin.token)
    project = api.call("POST", "/api/projects/", json={"title": "picture", "label_config": template(kind)})
    data = json.loads((annotator_templates() / f"{kind}.sample.json").read_text())
    api.call("POST", f"/api/projects/{project['id']}/import", json=[data])
    with at_desk(browser, server.url, server.ann1) as desk:
        desk.stream(project["id"])
        desk.page.locator(".lsf-choice label", has_text="Another mass").locator("visible=true").click()
        desk.page.wait_for_timeout(500)
        box = desk.page.locator(".lsf-main-view__annotation")
        box.screenshot(path="/tmp/cirl_art/picture.png")
        desk.page.screenshot(path="/tmp/cirl_art/whole.png")
        print(box.bounding_box())
