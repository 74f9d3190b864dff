"""The blueprint of signing in and of a person's own account."""

from flask import Blueprint

area = Blueprint("sign_in", __name__, template_folder="templates")
