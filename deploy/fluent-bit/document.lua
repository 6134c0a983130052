-- From a record of Fluent Bit's kubernetes filter to dais's log document:
--
--   message  severity  stream  namespace  pod  container  node
--   app  user  workspace  trace_id  span_id  fields.*
--
-- `@timestamp` is the record's own time, which the es output writes.

local MESSAGE = { "message", "msg", "log", "event" }
local SEVERITY = { "severity", "level", "lvl", "levelname", "log.level", "severity_text" }
local TRACE = { "trace_id", "traceId", "trace.id", "traceID" }
local SPAN = { "span_id", "spanId", "span.id", "spanID" }

-- The first that a pod has is its application.
local APP = { "dais.io/app", "app.kubernetes.io/name", "app" }

-- A level stands at the front of a line, after at most a time, a name and a thread.
local WORDS_SEARCHED = 8

local NAMES = {
  trace = "trace", trc = "trace",
  verbose = "debug", debug = "debug", dbg = "debug", dbug = "debug",
  info = "info", inf = "info", information = "info", notice = "info",
  warn = "warn", warning = "warn", wrn = "warn",
  error = "error", err = "error", eror = "error",
  fatal = "fatal", critical = "fatal", crit = "fatal", panic = "fatal",
}

-- bunyan and pino count in tens.
local NUMBERS = { [10] = "trace", [20] = "debug", [30] = "info", [40] = "warn", [50] = "error", [60] = "fatal" }

local KLOG = { I = "info", W = "warn", E = "error", F = "fatal" }

local function severity_of(value)
  if type(value) == "number" then
    return NUMBERS[value]
  end
  return type(value) == "string" and NAMES[value:lower()] or nil
end

local function is_severity_key(name)
  for _, key in ipairs(SEVERITY) do
    if key == name then
      return true
    end
  end
  return false
end

-- Only marks that a logger writes count, so that "no error found" stays plain.
local function severity_of_text(text)
  local klog = text:match("^([IWEF])%d%d%d%d ")
  if klog then
    return KLOG[klog]
  end
  if text:find("Traceback (most recent call last)", 1, true) == 1 or text:find("Exception in thread ", 1, true) == 1 then
    return "error"
  end
  if text:find("panic: ", 1, true) == 1 or text:match("^thread '.*panicked at") then
    return "fatal"
  end
  local position = 0
  for word in text:gmatch("%S+") do
    position = position + 1
    if position > WORDS_SEARCHED then
      return nil
    end
    local key, value = word:match("^([^=]*)=(.*)$")
    if key and is_severity_key(key) then
      return severity_of((value:gsub('^"*', ""):gsub('"*$', "")))
    end
    local bracketed = word:match("^[%[%(<|]") ~= nil
    local name = word:match("^[^:]*")
    local labelled = position == 1 and #name < #word
    local bare = name:gsub("^[^%w]*", ""):gsub("[^%w]*$", "")
    local shouted = #bare > 2 and bare:match("^%u+$") ~= nil
    local severity = (bracketed or labelled or shouted) and severity_of(bare) or nil
    if severity then
      return severity
    end
  end
  return nil
end

-- Takes the first text that `fields` has under one of the names.
local function take_text(fields, names)
  for _, name in ipairs(names) do
    if type(fields[name]) == "string" then
      local value = fields[name]
      fields[name] = nil
      return value
    end
  end
  return nil
end

local function take_severity(fields)
  for _, name in ipairs(SEVERITY) do
    local severity = severity_of(fields[name])
    if severity then
      fields[name] = nil
      return severity
    end
  end
  return nil
end

-- A pod without any label that says so belongs to what made it. The name is what is
-- left when the generated ends are taken off.
local function app_of_name(pod)
  return pod:match("^(.+)%-%w+%-%w%w%w%w%w$") or pod:match("^(.+)%-%w%w%w%w%w$") or pod:match("^(.+)%-%d+$") or pod
end

local function app_of(labels, pod)
  for _, name in ipairs(APP) do
    if labels[name] then
      return labels[name]
    end
  end
  return pod and app_of_name(pod)
end

function document(tag, timestamp, record)
  local text = record["log"] or record["message"] or ""
  text = text:gsub("\n$", "")
  local kubernetes = record["kubernetes"] or {}
  local labels = kubernetes["labels"] or {}
  local annotations = kubernetes["annotations"] or {}
  local namespace_labels = (record["kubernetes_namespace"] or {})["labels"] or {}
  local made = {
    message = text,
    stream = record["stream"],
    namespace = kubernetes["namespace_name"],
    pod = kubernetes["pod_name"],
    container = kubernetes["container_name"],
    node = kubernetes["host"],
    app = app_of(labels, kubernetes["pod_name"]),
    user = annotations["dais.io/user-name"] or labels["dais.io/user"],
    workspace = labels["dais.io/workspace"] or namespace_labels["dais.io/workspace"],
  }
  local fields = record["fields"]
  if type(fields) == "table" then
    made.message = take_text(fields, MESSAGE) or text
    made.severity = take_severity(fields)
    made.trace_id = take_text(fields, TRACE)
    made.span_id = take_text(fields, SPAN)
    if next(fields) ~= nil then
      made.fields = fields
    end
  else
    made.severity = severity_of_text(text)
  end
  -- 2: the record changed, its time did not.
  return 2, timestamp, made
end
