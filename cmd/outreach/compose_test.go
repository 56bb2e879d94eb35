package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/redis/go-redis/v9"

	"outreach.example/ledger"
	"outreach.example/ledger/ledgertest"
)

// service is what these tests read of a service of docker-compose.yml.
type service struct {
	Profiles    []string          `yaml:"profiles"`
	Command     []string          `yaml:"command"`
	Environment map[string]string `yaml:"environment"`
	Volumes     []any             `yaml:"volumes"`
	DependsOn   any               `yaml:"depends_on"`
	DNSSearch   []string          `yaml:"dns_search"`
	DNSOptions  []string          `yaml:"dns_opt"`
	Healthcheck struct {
		Test []string `yaml:"test"`
	} `yaml:"healthcheck"`
}

func composeServices(t *testing.T) (services map[string]service, volumes map[string]any) {
	t.Helper()
	b, err := os.ReadFile("../../docker-compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Services map[string]service `yaml:"services"`
		Volumes  map[string]any     `yaml:"volumes"`
	}
	// A value that stands over a merged one is no fault of Compose.
	if err := yaml.UnmarshalWithOptions(b, &file, yaml.AllowDuplicateMapKey()); err != nil {
		t.Fatal(err)
	}
	return file.Services, file.Volumes
}

// The profile for high availability is two replicas and three sentinels, each with a health check and files of its own.
func TestSentinelProfile(t *testing.T) {
	services, volumes := composeServices(t)
	own := map[string]bool{}
	var names []string
	for name, s := range services {
		if !slices.Contains(s.Profiles, "sentinel") && name != "redis" {
			continue
		}
		names = append(names, name)
		if len(s.Healthcheck.Test) == 0 || len(s.Volumes) != 1 || s.Environment["NODE"] != name {
			t.Errorf("%s: %+v", name, s)
			continue
		}
		volume, _, _ := strings.Cut(fmt.Sprint(s.Volumes[0]), ":")
		if _, there := volumes[volume]; !there || own[volume] {
			t.Errorf("%s keeps its files in %s, which is not its own", name, volume)
		}
		own[volume] = true
		// A name server that is slow to deny a stopped node would hold a failover up.
		if !slices.Equal(s.DNSSearch, []string{"."}) || !slices.Equal(s.DNSOptions, []string{"ndots:1"}) {
			t.Errorf("%s asks the machine's name servers for nodes: search %q, options %q", name, s.DNSSearch, s.DNSOptions)
		}
	}
	slices.Sort(names)
	if got := strings.Join(names, " "); got != "redis replica-1 replica-2 sentinel-1 sentinel-2 sentinel-3" {
		t.Errorf("the profile has %s", got)
	}
}

// While the first node is away, another may be the primary, and staff must be able to look and to stop.
func TestStaffWaitForNoNode(t *testing.T) {
	services, _ := composeServices(t)
	if staff, there := services["staff"]; !there || staff.DependsOn != nil {
		t.Errorf("staff depend on %v", staff.DependsOn)
	}
	if services["worker"].DependsOn == nil {
		t.Error("what services depend on is not read")
	}
}

// container runs a service's command as the image would, with its paths, names and ports those of a test.
func container(t *testing.T, s service, dir string, ports map[string]string, own string) *exec.Cmd {
	t.Helper()
	bin := filepath.Join(dir, "bin")
	if err := os.MkdirAll(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"password": "a-password", "bin/docker-entrypoint.sh": "#!/bin/sh\nexec \"$@\" --port " + ports[own] + " --bind 127.0.0.1 --save ''\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	script := strings.NewReplacer(
		"/run/secrets/redis_password", filepath.Join(dir, "password"), "/data", dir, "ledger redis 6379", "ledger localhost "+ports["redis"],
		"$$FOLLOWS 6379", "localhost "+ports["redis"], "announce-ip $${NODE}", "announce-ip localhost", "port 26379", "port "+ports[own],
		"$$", "$",
	).Replace(s.Command[2])
	cmd := exec.Command(s.Command[0], s.Command[1], script)
	cmd.Env = []string{"PATH=" + bin + ":" + os.Getenv("PATH")}
	for k, v := range s.Environment {
		if strings.HasPrefix(v, "${") {
			v = "1" // as .env says for this profile
		}
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd
}

// What the profile starts becomes a primary with two replicas that the sentinels know, a begin would wait for both, and a
// node that was promoted is the primary still when it is started again.
func TestSentinelProfileRuns(t *testing.T) {
	services, _ := composeServices(t)
	ports := map[string]string{}
	dirs := map[string]string{}
	for _, name := range []string{"redis", "replica-1", "replica-2", "sentinel-1", "sentinel-2", "sentinel-3"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_, ports[name], _ = net.SplitHostPort(l.Addr().String())
		_ = l.Close()
		dirs[name] = t.TempDir()
	}
	running := map[string]*exec.Cmd{}
	start := func(name string) {
		running[name] = container(t, services[name], dirs[name], ports, name)
		ledgertest.Await(t, name, func(ctx context.Context) error { return nodeClient(t, ports[name]).Ping(ctx).Err() })
	}
	for _, name := range []string{"redis", "replica-1", "replica-2", "sentinel-1", "sentinel-2", "sentinel-3"} {
		start(name)
	}
	a := &app{}
	address := fmt.Sprintf("redis+sentinel://:a-password@localhost:%s,localhost:%s,localhost:%s/ledger?sentinel_password=a-password",
		ports["sentinel-1"], ports["sentinel-2"], ports["sentinel-3"])
	c := config{value: map[string]string{"redis": address}}
	sentinels := a.sentinels(c)
	defer func() { _ = sentinels.Close() }()
	ledgertest.Await(t, "the sentinels to know both replicas", func(ctx context.Context) error {
		if n, err := sentinels.Promotable(ctx); n != 2 || err != nil {
			return fmt.Errorf("%d, %v", n, err)
		}
		return nil
	})
	rdb, err := a.dialRedis(t.Context(), address, "the ledger", true)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rdb.Close() }()
	l := ledger.New(rdb)
	l.Need(2)
	ledgertest.Await(t, "both replicas to answer", l.Reach)

	// What a failover does to a node, and a restart of its container after it.
	if err := nodeClient(t, ports["replica-1"]).Do(t.Context(), "replicaof", "no", "one").Err(); err != nil {
		t.Fatal(err)
	}
	if err := nodeClient(t, ports["replica-1"]).ConfigRewrite(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"sentinel-1", "sentinel-2", "sentinel-3", "replica-1"} {
		_ = running[name].Process.Kill()
		_ = running[name].Wait()
	}
	start("replica-1")
	info, err := nodeClient(t, ports["replica-1"]).Info(t.Context(), "replication").Result()
	if err != nil || !strings.Contains(info, "role:master") {
		t.Errorf("the promoted replica came back as %v %s", err, info)
	}
}

func nodeClient(t *testing.T, port string) *redis.Client {
	c := redis.NewClient(&redis.Options{Addr: "127.0.0.1:" + port, Password: "a-password", MaxRetries: -1})
	t.Cleanup(func() { _ = c.Close() })
	return c
}
