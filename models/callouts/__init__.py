"""Call-outs: staff call an agency or an interpreter about a case, from their own phone through the line."""
