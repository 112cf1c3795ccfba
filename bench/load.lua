-- What wrk runs: the requests of a file in turn, and at the end the outcome as one line of JSON.
local texts, turn, pause = {}, 0, 0

function init(arguments)
  pause = tonumber(arguments[2])
  for number, each in ipairs(dofile(arguments[1])) do
    texts[number] = wrk.format(each.method, each.path, each.headers, each.body)
  end
end

function request()
  turn = turn % #texts + 1
  return texts[turn]
end

function delay()
  return pause
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"microseconds":%d,"bytes":%d,"refused":%d,"broken":%d,"p50":%.1f,"p99":%.1f}\n',
    summary.requests, summary.duration, summary.bytes, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
