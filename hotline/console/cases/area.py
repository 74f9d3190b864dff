"""The blueprint of cases, their phones and PINs, and locks."""

from flask import Blueprint

area = Blueprint("cases", __name__, template_folder="templates")
