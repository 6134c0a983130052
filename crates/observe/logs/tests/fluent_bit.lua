-- Runs deploy/fluent-bit/document.lua on records: arg[1] is the script, arg[2] a file
-- of Lua that returns a list of them. Prints one JSON object a line.

local function quoted(text)
  local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\t"] = "\\t" }
  return '"' .. text:gsub('["\\\n\t]', escapes) .. '"'
end

local function json(value)
  if type(value) ~= "table" then
    return type(value) == "string" and quoted(value) or tostring(value)
  end
  local members = {}
  for key, member in pairs(value) do
    members[#members + 1] = quoted(key) .. ":" .. json(member)
  end
  return "{" .. table.concat(members, ",") .. "}"
end

dofile(arg[1])
for _, record in ipairs(dofile(arg[2])) do
  local code, _, made = document("kube.x", 1.5, record)
  assert(code == 2, "the time of a record is not changed")
  print(json(made))
end
