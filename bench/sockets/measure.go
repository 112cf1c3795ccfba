package main

import (
	"fmt"
	"os"
	"sort"
	"strings"
	"time"
)

const ticks = 100 // a second: Linux reports CPU times in these (USER_HZ)

// A sight is the CPU time, in one moment, of all who take part.
type sight struct {
	at  time.Time
	cpu map[string]float64
}

func look(t target) sight {
	cpu := map[string]float64{"load": processSeconds(os.Getpid())}
	for name, id := range t.Watch {
		cpu[name] = processSeconds(id)
	}
	return sight{time.Now(), cpu}
}

func (after sight) since(before sight) map[string]any {
	cpu := map[string]float64{}
	for name := range after.cpu {
		cpu[name] = after.cpu[name] - before.cpu[name]
	}
	return map[string]any{"seconds": after.at.Sub(before.at).Seconds(), "cpu": cpu}
}

func percentiles(values []float64) map[string]float64 {
	sort.Float64s(values)
	found := map[string]float64{}
	for name, share := range map[string]float64{"p50": 0.5, "p99": 0.99, "max": 1} {
		if len(values) > 0 {
			found[name] = values[int(share*float64(len(values)-1)+0.5)]
		}
	}
	return found
}

// processSeconds is the CPU time that a process has used, in user and kernel mode (proc(5), fields 14 and 15).
func processSeconds(id int) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", id))
	check(err)
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	var user, system float64
	_, err = fmt.Sscan(fields[11]+" "+fields[12], &user, &system)
	check(err)
	return (user + system) / ticks
}

func seconds(value float64) time.Duration { return time.Duration(value * float64(time.Second)) }
