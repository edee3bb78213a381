"""The error of campaign files, apart from what finds it: that needs pydantic, and looking for a file needs nothing."""


class CampaignFileError(ValueError):
    """The mistakes in a campaign, one line each: `file:line:column: path: what is wrong; what to do`."""
