"""Parses OpenMetrics text from standard input with Prometheus's own parser, strictly; prints each sample as name{labels} value, then ok."""
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families

for family in text_string_to_metric_families(sys.stdin.read()):
    for sample in family.samples:
        labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
        print(f"{family.type} {sample.name}{{{labels}}} {float(sample.value)}")
print("ok")
