"""What a campaign file may say (`schema`), and how one is read, corrected and overridden (`campaign_file` and its parts)."""
