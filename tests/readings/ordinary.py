def messages():
    return []
