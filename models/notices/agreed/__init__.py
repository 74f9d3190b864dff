"""What a person agreed to about calls when custody changes, as it stands, and when it ends (R28)."""
