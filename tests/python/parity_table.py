from collections import Counter
def shown(results):
    c=Counter(d["column"] for r in results for d in r["datasets"])
    return str(c)
def document(results): return ""
