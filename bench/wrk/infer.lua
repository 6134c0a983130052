-- Sends the requests of a file, one a line, in turn.
require("report")

function init(arguments)
    bodies = {}
    for line in io.lines(arguments[1]) do
        bodies[#bodies + 1] = wrk.format("POST", nil, nil, line)
    end
    at = 0
end

function request()
    at = at % #bodies + 1
    return bodies[at]
end
