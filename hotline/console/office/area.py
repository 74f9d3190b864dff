"""The blueprint of the office's settings and the prompts."""

from flask import Blueprint

area = Blueprint("office", __name__, template_folder="templates")
