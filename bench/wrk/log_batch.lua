-- Logs metrics of one run, step by step. Arguments: run id, metrics in a batch.
require("report")

function init(arguments)
    local metrics = {}
    for number = 1, tonumber(arguments[2]) do
        metrics[number] = string.format(
            '{"key": "metric-%d", "value": %g, "timestamp": 1700000000000, "step": %%1$d}', number, number / 7
        )
    end
    start = string.format('{"run_id": "%s", "metrics": [', arguments[1])
    template = table.concat(metrics, ", ")
    step = 0
end

function request()
    step = step + 1
    return wrk.format("POST", nil, nil, start .. template:gsub("%%1%$d", step) .. "]}")
end
