"""The blueprint of the call bar, which is on every page."""

from flask import Blueprint

area = Blueprint("bar", __name__, template_folder="templates")
