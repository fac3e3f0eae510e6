"""The domain in its own words: pure values and rules, standard library only.

The modules read as the flow of data:
``quote`` → ``portfolio`` → ``drift`` → ``plan`` → ``proposal`` → ``risk`` → ``order`` → ``report``.
"""
