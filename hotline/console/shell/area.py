"""The blueprint of the pages that belong to no area: the first page, the language, static files."""

from flask import Blueprint

area = Blueprint("shell", __name__, template_folder="templates")
