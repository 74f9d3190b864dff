"""The blueprint of imports of the custody feed."""

from flask import Blueprint

area = Blueprint("imports", __name__, template_folder="templates")
