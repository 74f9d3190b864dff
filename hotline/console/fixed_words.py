"""Why some fields of the office file are not changed at the console, as its page says it."""

from hotline.console.words import N_

WHY = (
    N_("what may be said of a person is decided with counsel and changed with a deploy (R12)"),
    N_("the numbers belong to the carrier's account, which is set up with the file"),
    N_("people chose a number for how it is answered, and must not find it changed"),
    N_("it is also written into the fallback document that is hosted elsewhere"),
    N_("a language needs its prompts, its list of telling words and a voice"),
    N_("a voice is the carrier's, and is tried before it is used"),
    N_("the name is part of prompts whose length was checked"),
    N_("it must not tell what the line is for, and is checked with the prompts"),
    N_("moments that were promised stand in it"),
    N_("it decides which phones the line may ring at all (R35)"),
    N_("they loosen limits on wrong PINs (R06)"),
    N_("these numbers are rung into a talk, and are tried before they are used"),
)
