-- What a run saw, as one line of JSON after the mark that load.py looks for.
function done(summary, latency)
    local errors = summary.errors
    local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
    io.write(string.format(
        'RESULT {"requests": %d, "seconds": %.6f, "failed": %d, "p50_ms": %.4f, "p99_ms": %.4f}\n',
        summary.requests, summary.duration / 1e6, failed,
        latency:percentile(50) / 1000, latency:percentile(99) / 1000
    ))
end
