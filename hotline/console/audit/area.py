"""The blueprint of the audit."""

from flask import Blueprint

area = Blueprint("audit", __name__, template_folder="templates")
