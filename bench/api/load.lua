-- With a rate, each connection pauses between its requests, so that all of them together ask RATE times a second;
-- without, each asks again as soon as it has its answer. What wrk measured is printed as JSON.
local rate, connections = tonumber(os.getenv("RATE")), tonumber(os.getenv("CONNECTIONS"))
local threads = {}

if rate then
  function delay()
    return math.random(0, math.floor(2 * 1000 * connections / rate))
  end
end

function setup(thread)
  table.insert(threads, thread)
end

function init()
  math.randomseed(os.time())
  counts = {}
end

if os.getenv("STATUSES") then
  function response(status)
    counts[status] = (counts[status] or 0) + 1
  end
end

function done(summary, latency)
  local errors, statuses = summary.errors, {}
  for _, thread in ipairs(threads) do
    for status, count in pairs(thread:get("counts")) do
      table.insert(statuses, string.format('"%d": %d', status, count))
    end
  end
  io.write(string.format(
    '\n{"requests": %d, "seconds": %.3f, "errors": %d, "p50_ms": %.2f, "p99_ms": %.2f, "max_ms": %.2f, '
      .. '"broken": %d, "statuses": {%s}}\n',
    summary.requests, summary.duration / 1e6,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3,
    errors.connect + errors.read + errors.write + errors.timeout, table.concat(statuses, ", ")))
end
