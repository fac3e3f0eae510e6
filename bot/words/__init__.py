"""People's words for the core's typed reasons, refusals, states and numbers; English for now.

For chat, terminal and mail alike: plain text, which each front end escapes in its own way. Another
language is another set of these catalogues.
"""
