"""How a person wants to be called on a phone, in words."""

from hotline.console.shell.words import N_

MAY_ANSWER = {
    "only_me": N_("Only with them"),
    "ask_for_me": N_("Ask if someone there expects this call"),
    "anyone": N_("With anyone who answers"),
}
VOICEMAIL = {
    "": N_("Leave no message"),
    "please_call": N_("“Please call us”, with our neutral name"),
    "we_call_again": N_("“We will call again”, with our neutral name"),
    "hello": N_("A greeting that says nothing"),
}
