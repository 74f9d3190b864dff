"""The blueprint of callbacks, talks at 0, the wallboard, and the notices above every page."""

from flask import Blueprint

area = Blueprint("callbacks", __name__, template_folder="templates")
