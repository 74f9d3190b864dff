"""Office settings: hours, policies, partners, directories, announcements, prompts."""
