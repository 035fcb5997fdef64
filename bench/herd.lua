-- wrk: asks for every file of the site in turn, as readers of all kinds would, from a shuffled list of requests.
-- Environment: HERD_REQUESTS, a file with one "path<TAB>accept-encoding" a line.
local requests, position = {}, 0
function init(_)
  for line in io.lines(os.getenv("HERD_REQUESTS")) do
    local path, coding = line:match("^(.-)\t(.*)$")
    local headers = { ["Host"] = "status.example.org", ["User-Agent"] = "Mozilla/5.0 (herd)", ["Accept"] = "*/*" }
    if coding ~= "" then headers["Accept-Encoding"] = coding end
    requests[#requests + 1] = wrk.format("GET", path, headers)
  end
end
function request()
  position = position % #requests + 1
  return requests[position]
end
function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format("HERD %d %d %d %d %d %d %.3f %.3f %.3f %.3f\n", summary.requests, summary.duration,
    errors.connect + errors.read + errors.write, errors.timeout, errors.status, summary.bytes,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency:percentile(99.9) / 1000, latency.max / 1000))
end
