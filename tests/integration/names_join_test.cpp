// --join: a sandbox in namespaces of another one, or of a file.
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "support/named.hpp"
#include "support/namespaces.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

class NamesJoin : public NamesTest {
  protected:
    static Result join(const std::vector<std::string>& joins, const std::string& script,
                       std::vector<std::string> options = {}) {
        for (const std::string& word : joins) {
            options.insert(options.end(), {"--join", word});
        }
        return inside_shell(script, {.sandbox = options});
    }
    static void end(Running& running) {
        running.send(SIGTERM);
        running.wait();
    }
    static void expect_refusal(const std::vector<std::string>& joins, const std::string& why,
                               const std::vector<std::string>& options = {}) {
        const Result result = join(joins, "echo ran", options);
        EXPECT_EQ(result.exit_status, 125) << result;
        EXPECT_EQ(result.out, "");
        EXPECT_TRUE(result.err.starts_with("sandbox: ")) << result;
        EXPECT_TRUE(contains(result.err, why)) << result;
        EXPECT_TRUE(contains(result.err, "\n  fix: ")) << result;
    }
};

const std::string connect =
    "python3 -c 'import socket; s = socket.create_connection((\"127.0.0.1\", 8080)); print(s.recv(9).decode())'";

TEST_F(NamesJoin, TheNetworkIsTheOthers) {
    Running web = start_named(
        "web",
        "exec python3 -c 'import socket\ns = socket.create_server((\"127.0.0.1\", 8080))\nprint(\"listens\", "
        "flush=True)\nwhile True: c, _ = s.accept(); c.sendall(b\"hello\"); c.close()'");
    web.expect("listens\n");
    const Result joined = join({"net=web"}, connect + "; ls /sys/class/net; id -u; hostname; readlink /proc/self/ns/*");
    EXPECT_EQ(joined.exit_status, 0) << joined;
    EXPECT_TRUE(joined.out.starts_with("hello\nlo\n0\nsandbox\n")) << joined;
    const Namespaces own = namespaces_of(std::to_string(number_of("web", "pid")));
    for (const char* kind : namespace_kinds) {
        const bool shared = std::string_view(kind) == "net" || std::string_view(kind) == "time";
        EXPECT_EQ(contains(joined.out, own.at(kind)), shared) << kind;
    }
    EXPECT_NE(inside_shell(connect).exit_status, 0) << "the control: in a network of its own there is nobody";
    // It owns nothing there.
    EXPECT_NE(join({"net=web"}, "ip link add d type dummy", {"--cap-add", "ALL", "--seccomp", "none"}).exit_status, 0);
    end(web);
}

TEST_F(NamesJoin, MessageQueuesAndSharedMemoryAreTheOthers) {
    Running web = start_named("web", "ipcmk -M 4096 -p 0600 >&2; echo made; exec sleep 1000");
    web.expect("made\n");
    const std::string segments = "ipcs -m | grep -c 4096";
    const Result joined = join({"ipc=web"}, segments + "; grep -c ' /dev/mqueue mqueue ' /proc/mounts");
    EXPECT_EQ(joined.out, "1\n1\n") << joined;
    EXPECT_EQ(inside_shell(segments).out, "0\n") << "the control";
    end(web);
}

TEST_F(NamesJoin, TheHostNameIsTheOthers) {
    Running web = start_named("web", "exec sleep 1000", {"--hostname", "box"});
    const Result joined = join({"uts=web"}, "hostname; hostname other 2>/dev/null || hostname");
    EXPECT_EQ(joined.out, "box\nbox\n") << joined;
    end(web);
}

TEST_F(NamesJoin, TheProcessesAreTheOthers) {
    Running web = start_named("web", "exec sleep 1234");
    await_command_line(static_cast<pid_t>(number_of("web", "pid")), {"sleep", "1234"});
    Running joined = start_inside({"sh", "-c", "tr '\\0' ' ' </proc/1/cmdline; echo; exec sleep 1000"},
                                  {.sandbox = {"--join", "pid=web"}});
    joined.expect("sleep 1234 \n");
    await_command_line(await_descendant(joined.pid(), "sleep").pid, {"sleep", "1000"});
    const Result seen = sandbox({"enter", "web", "--", "sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"});
    EXPECT_TRUE(contains(seen.out, "sleep 1234 ")) << seen;
    EXPECT_TRUE(contains(seen.out, "sleep 1000 ")) << seen;
    // It ends with that: the kernel kills all in there.
    web.send(SIGKILL);
    web.wait();
    const Result result = joined.wait();
    EXPECT_EQ(result.exit_status, 125) << result;
    EXPECT_TRUE(contains(result.err, "was killed")) << result;
}

// The one that joins is gone, and what it started; the other goes on.
TEST_F(NamesJoin, TheEndOfOneIsNotThatOfTheOther) {
    Running web = start_named("web");
    // Of this run alone: it is looked for among all processes of the machine.
    const std::string sleep = "sleep " + std::to_string(1'000'000 + getpid());
    for (const char* signal : {"TERM", "KILL"}) {
        Running joined = start_inside({"sh", "-c", sleep + " & " + sleep + " & echo both; wait"},
                                      {.sandbox = {"--join", "pid=web", "--join", "net=web"}});
        joined.expect("both\n");
        joined.send(std::string_view(signal) == "TERM" ? SIGTERM : SIGKILL);
        joined.wait();
        EXPECT_EQ(sandbox({"enter", "web", "--", "true"}).exit_status, 0) << signal;
    }
    // What it left behind belongs to the other, as the manual has it.
    EXPECT_EQ(sandbox({"stop", "web"}).exit_status, 0);
    web.wait();
    const Result left = run({"pgrep", "-fx", sleep});
    EXPECT_EQ(left.out, "") << left;
}

TEST_F(NamesJoin, AllOfThemAndOneThatHasJoined) {
    Running web = start_named("web");
    Running db = start_named("db", "exec sleep 1000", {"--join", "net=web", "--join", "ipc=web", "--join", "pid=web"});
    const std::string look = "readlink /proc/self/ns/net /proc/self/ns/ipc /proc/self/ns/pid";
    const std::string expected = sandbox({"enter", "web", "--", "sh", "-c", look}).out;
    EXPECT_EQ(sandbox({"enter", "db", "--", "sh", "-c", look}).out, expected);
    EXPECT_EQ(join({"net=db", "ipc=db", "pid=db"}, look).out, expected);
    EXPECT_EQ(listed(), (std::vector<std::string>{"db", "web"}));
    end(db);
    end(web);
}

// That others can be made where it was made opens nothing for the command: the quotas alone must hold.
TEST_F(NamesJoin, QuotasHoldOnBothSides) {
    const std::string make =
        "for kind in user mount net ipc uts pid cgroup; do unshare --$kind true && echo made $kind; done; true";
    const std::vector<std::string> open = {"--seccomp", "none", "--landlock", "none", "--cap-add", "ALL"};
    Running web = start_named("web", make + "; echo tried; exec sleep 1000", open);
    EXPECT_EQ(web.expect("tried\n"), "tried\n");
    const Result joined = join({"net=web", "pid=web"}, make, open);
    EXPECT_EQ(joined.exit_status, 0) << joined;
    EXPECT_EQ(joined.out, "") << joined;
    EXPECT_TRUE(contains(joined.err, "No space left")) << joined;
    Result entered = sandbox({"enter", "web", "--", "sh", "-c", make});
    EXPECT_EQ(entered.out, "") << entered;
    EXPECT_TRUE(contains(entered.err, "No space left")) << entered;
    end(web);
}

// Who is in there may stop what is being made there; that can be ended all the same.
TEST_F(NamesJoin, AHostileOneCannotHoldTheLauncher) {
    Running web =
        start_named("web", "echo begins; while :; do kill -s STOP -1 2>/dev/null; done", {"--landlock", "none"});
    web.expect("begins\n");
    for (int round = 0; round < 10; ++round) {
        Running joined = start_inside({"true"}, {.sandbox = {"--join", "pid=web", "--landlock", "none"}});
        joined.send(SIGTERM);
        joined.wait();
    }
    web.send(SIGKILL);
    web.wait();
}

TEST_F(NamesJoin, AFileOfAnotherUserNamespace) {
    Running other({"unshare", "--map-root-user", "--net", "sh", "-c", "echo ready; exec sleep 1000"});
    other.expect("ready\n");
    const std::string path = "/proc/" + std::to_string(other.pid()) + "/ns/net";
    const Result joined = join({"net=" + path}, "readlink /proc/self/ns/net; ls /sys/class/net; id -u");
    EXPECT_EQ(joined.exit_status, 0) << joined;
    EXPECT_EQ(joined.out, namespaces_of(std::to_string(other.pid())).at("net") + "\nlo\n0\n");
    other.send(SIGKILL);
    other.wait();
}

TEST_F(NamesJoin, AFileOfTheCallersOwnUserNamespace) {
    if (geteuid() != 0) {
        expect_refusal({"net=/proc/self/ns/net"}, "asks for CAP_SYS_ADMIN");
        return;
    }
    Running other({"unshare", "--net", "sh", "-c", "echo ready; exec sleep 1000"});
    other.expect("ready\n");
    const std::string path = "/proc/" + std::to_string(other.pid()) + "/ns/net";
    const Result joined = join({"net=" + path}, "readlink /proc/self/ns/net; ls /sys/class/net");
    EXPECT_EQ(joined.out, namespaces_of(std::to_string(other.pid())).at("net") + "\nlo\n") << joined;
    other.send(SIGKILL);
    other.wait();
}

TEST_F(NamesJoin, RefusalsNameTheOption) {
    Running web = start_named("web");
    Running db = start_named("db");
    Running bare = start_named("bare", "exec sleep 1000", {"--net", "host"});
    expect_refusal({"net=nobody"}, "--join net=nobody: no sandbox of that name runs");
    expect_refusal({"net=web", "ipc=db"}, "--join ipc=db: that namespace belongs to another user namespace");
    expect_refusal({"net=bare"}, "--join net=bare: that sandbox has no net namespace of its own");
    expect_refusal({"net=web", "net=db"}, "another net namespace is joined already");
    expect_refusal({"net=/proc/self/ns/uts"}, "not of that kind");
    expect_refusal({"net=/etc/passwd"}, "not a namespace");
    expect_refusal({"net=/no/such"}, "No such file");
    expect_refusal({"net=web"}, "use one of the two", {"--net", "host"});
    expect_refusal({"ipc=web"}, "use one of the two", {"--share", "ipc"});
    expect_refusal({"uts=web"}, "--hostname", {"--hostname", "x"});
    expect_refusal({"net=web"}, "--own", {"--own", "net"});
    expect_refusal({"net=web"}, "one id", {"--map-users", "0:0:1"});
    expect_refusal({"net=web"}, "--strict", {"--strict"});
    const std::string fifo = directory() / "fifo";
    ASSERT_EQ(run({"mkfifo", fifo}).exit_status, 0);
    expect_refusal({"net=" + fifo}, "not a namespace");
    end(bare);
    end(db);
    end(web);
    expect_refusal({"net=web"}, "no sandbox of that name runs");
}

// Of another user, whom only root may join.
TEST_F(NamesJoin, OneOfAnotherUserIsNotTheCallers) {
    if (geteuid() != 0) {
        expect_refusal({"net=/proc/1/ns/net"}, "--join net=/proc/1/ns/net: ");
        return;
    }
    Running other({"unshare", "--map-root-user", "--net", "sh", "-c", "echo ready; exec sleep 1000"});
    other.expect("ready\n");
    const Result refused = run({"setpriv", "--reuid", "12346", "--regid", "12346", "--clear-groups", sandbox_binary(),
                                "--join", "net=/proc/" + std::to_string(other.pid()) + "/ns/net", "--", "true"});
    EXPECT_EQ(refused.exit_status, 125) << refused;
    EXPECT_TRUE(contains(refused.err, "--join net=/proc/")) << refused;
    other.send(SIGKILL);
    other.wait();
}

TEST_F(NamesJoin, ExplainSaysWhatIsJoined) {
    Running web = start_named("web");
    const Result explained = run({sandbox_binary(), "--explain", "--join", "net=web", "--", "true"});
    EXPECT_TRUE(contains(explained.out, "joined: net\n")) << explained;
    EXPECT_TRUE(contains(explained.out, "net namespace of web: shared")) << explained;
    end(web);
}

}  // namespace
}  // namespace sandbox_test
