// sandbox enter: the same sandbox, seen from inside and from the host.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "support/named.hpp"
#include "support/namespaces.hpp"
#include "support/terminal.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

class NamesEnter : public NamesTest {
  protected:
    static Result enter(const std::string& name, const std::string& script, std::vector<std::string> options = {},
                        const RunOptions& run_options = {}) {
        std::vector<std::string> words = {"enter"};
        words.insert(words.end(), options.begin(), options.end());
        words.insert(words.end(), {name, "--", "sh", "-c", script});
        return sandbox(words, run_options);
    }
    static void end(Running& running) {
        running.send(SIGTERM);
        running.wait();
    }
};

TEST_F(NamesEnter, IsInTheSameNamespaces) {
    Running web = start_named("web");
    const Result result =
        enter("web", "for n in mnt pid uts ipc net cgroup user time; do readlink /proc/self/ns/$n; done");
    ASSERT_EQ(result.exit_status, 0) << result;
    const Namespaces own = namespaces_of(std::to_string(number_of("web", "pid")));
    const std::vector<std::string> seen = lines_of(result.out);
    ASSERT_EQ(seen.size(), namespace_kinds.size()) << result;
    for (std::size_t i = 0; i < seen.size(); ++i) {
        EXPECT_EQ(seen[i], own.at(namespace_kinds.at(i)));
    }
    end(web);
}

// What the sandbox's own command has, compared line by line; Landlock is not among it.
TEST_F(NamesEnter, HasWhatTheCommandHas) {
    const std::string look =
        "grep -E '^(Uid|Gid|Groups|NoNewPrivs|Seccomp|Seccomp_filters|CapInh|CapPrm|CapEff|CapBnd|CapAmb):' "
        "/proc/self/status; id; hostname; umask; ulimit -Sc; ulimit -Hc; pwd; ls /; cat /proc/mounts; env | sort | "
        "grep -v "
        "-e ^_= -e ^SHLVL= -e ^OLDPWD=";
    for (const std::vector<std::string>& options : std::vector<std::vector<std::string>>{
             {},
             {"--strict"},
             {"--cap-drop", "ALL", "--seccomp", "strict", "--env", "A=b c", "--clear-env", "--hostname", "h"},
             {"--net", "host", "--share", "ipc", "--init", "--uid", "1234", "--gid", "77"},
             {"--own", "net,uts,ipc"},
             {"--only", "pid,uts"},
             {"--share", "pid", "--core-dumps"}}) {
        Running web = start_named("web", "{ " + look + "; } 2>&1; echo over; exec sleep 1000", options);
        std::string own = web.expect("over\n");
        own.erase(own.size() - 5);
        const Result entered = enter("web", "{ " + look + "; } 2>&1");
        EXPECT_EQ(entered.exit_status, 0) << entered;
        EXPECT_EQ(entered.out, own) << (options.empty() ? "" : options[0]);
        EXPECT_EQ(entered.err, "");
        end(web);
    }
}

TEST_F(NamesEnter, SeesAndReachesTheProcesses) {
    Running web = start_named("web", "exec sleep 1234");
    await_command_line(static_cast<pid_t>(number_of("web", "pid")), {"sleep", "1234"});
    const Result result = enter(
        "web",
        "cat /proc/1/cmdline | tr '\\0' ' '; kill -0 1 && echo reached; ls -l /proc/1/root/ >/dev/null && echo traced");
    EXPECT_EQ(result.out, "sleep 1234 reached\ntraced\n") << result;
    end(web);
}

TEST_F(NamesEnter, CannotMakeMoreThanTheCommand) {
    Running web = start_named("web");
    const Result result = enter("web",
                                "unshare -m true; unshare -U true; mount -t tmpfs x /tmp; touch /etc/x; chroot / "
                                "true && echo chroot");
    EXPECT_EQ(result.out, "chroot\n") << result;
    EXPECT_EQ(count(result.err, "Operation not permitted") + count(result.err, "permission denied"), 3U) << result;
    EXPECT_TRUE(contains(result.err, "Read-only file system")) << result;
    end(web);
}

// The quotas hold without the filter, too.
TEST_F(NamesEnter, TheQuotasHold) {
    Running web = start_named("web", "exec sleep 1000", {"--seccomp", "none"});
    const Result result =
        enter("web", "unshare -U true && echo user; unshare -m true && echo mnt; unshare -n true && echo net");
    EXPECT_EQ(result.out, "") << result;
    end(web);
}

TEST_F(NamesEnter, HoldsNoDescriptorOfTheCaller) {
    Running web = start_named("web");
    const int file = open("/etc/passwd", O_RDONLY);
    ASSERT_GE(file, 0);
    const Result result =
        enter("web", "ls /proc/self/fd | wc -l; ls -l /proc/self/fd/", {}, {.descriptors = {{7, file}}});
    EXPECT_TRUE(result.out.starts_with("4\n")) << result;  // 0, 1, 2 and that of ls
    EXPECT_FALSE(contains(result.out, "passwd")) << result;
    close(file);
    end(web);
}

TEST_F(NamesEnter, FilesAsStreamsGoThroughPipes) {
    Running web = start_named("web");
    write_file(directory() / "in", "text\n");
    const int in = open((directory() / "in").c_str(), O_RDWR);
    ASSERT_GE(in, 0);
    const Result result = enter("web", "cat; readlink /proc/self/fd/0", {}, {.descriptors = {{0, in}}});
    close(in);
    EXPECT_TRUE(result.out.starts_with("text\npipe:")) << result;
    end(web);
}

TEST_F(NamesEnter, PassesTheStatusAndTheSignals) {
    Running web = start_named("web");
    EXPECT_EQ(enter("web", "exit 3").exit_status, 3);
    EXPECT_EQ(enter("web", "kill -9 $$").exit_status, 137);
    EXPECT_EQ(sandbox({"enter", "web", "--", "/no/such"}).exit_status, 127);
    EXPECT_EQ(sandbox({"enter", "web", "--", "/etc/passwd"}).exit_status, 126);
    Running entered({sandbox_binary(), "enter", "web", "--", "sh", "-c",
                     "trap 'echo got; exit 5' TERM; echo ready; while :; do sleep 1; done"});
    entered.expect("ready\n");
    entered.send(SIGTERM);
    const Result result = entered.wait();
    EXPECT_EQ(result.exit_status, 5) << result;
    end(web);
}

TEST_F(NamesEnter, OptionsChangeTheStart) {
    Running web = start_named("web");
    const Result result =
        enter("web", "pwd; echo $A $B", {"--cwd", "/usr", "--env", "A=1", "--env", "B"}, {.set = {{"B", "2"}}});
    EXPECT_EQ(result.out, "/usr\n1 2\n") << result;
    const Result nowhere = enter("web", "true", {"--cwd", "/no/such"});
    EXPECT_EQ(nowhere.exit_status, 125) << nowhere;
    EXPECT_TRUE(contains(nowhere.err, "--cwd /no/such")) << nowhere;
    end(web);
}

// This program is the subreaper and does not reap: what is left of a command that was entered would keep the sandbox
// from ending.
TEST_F(NamesEnter, EndsWithWhoEnteredAndWithTheSandbox) {
    Running web = start_named("web");
    const std::string waits = "echo ready; sleep 1000 & sleep 1000";
    for (const int signal : {SIGKILL, SIGTERM}) {
        Running entered({sandbox_binary(), "enter", "web", "--", "sh", "-c", "echo ready; exec sleep 1000"});
        entered.expect("ready\n");
        entered.send(signal);
        entered.wait();
        EXPECT_TRUE(wait_until([&] { return enter("web", "ps ax | grep -c '[s]leep 1000'").out == "1\n"; },
                               "the end of a command that was entered"));
    }
    Running entered({sandbox_binary(), "enter", "web", "--", "sh", "-c", waits});
    entered.expect("ready\n");
    web.send(SIGKILL);
    web.wait();
    EXPECT_EQ(entered.wait().exit_status, 137);
    // Its init is the last to go, and nobody waits for that here.
    EXPECT_TRUE(wait_until([] { return listed().empty(); }, "the end of the sandbox"));
}

TEST_F(NamesEnter, RefusesWhatDoesNotRun) {
    const Result none = enter("nope", "true");
    EXPECT_EQ(none.exit_status, 125);
    EXPECT_TRUE(contains(none.err, "cannot enter nope: no sandbox of that name runs\n  fix: sandbox list")) << none;
    Running web = start_named("web");
    // Stopped in the middle of its end: init is killed, its launcher cannot say so.
    web.send(SIGSTOP);
    ASSERT_TRUE(await_state(web.pid(), "T"));
    kill(static_cast<pid_t>(number_of("web", "init")), SIGKILL);
    EXPECT_TRUE(wait_until([] { return enter("web", "true").exit_status == 125; }, "the end of a sandbox"));
    EXPECT_EQ(inside({"true"}, {.sandbox = {"--name", "web"}}).exit_status, 125) << "its launcher still has the name";
    web.send(SIGCONT);
    EXPECT_EQ(web.wait().exit_status, 125);
    EXPECT_EQ(inside({"true"}, {.sandbox = {"--name", "web"}}).exit_status, 0);
}

// Nothing that the command makes of itself is entered.
TEST_F(NamesEnter, RefusesACommandThatHasLeftItsNamespaces) {
    Running web =
        start_named("web", "exec unshare -m sh -c 'echo left; exec sleep 1000'", {"--allow-namespaces", "mnt"});
    web.expect("left\n");
    const Result result = enter("web", "true");
    EXPECT_EQ(result.exit_status, 125);
    EXPECT_TRUE(contains(result.err, "cannot enter web: its command has left the mnt namespace that it was started in"))
        << result;
    end(web);
}

// Its root is the sandbox's, whatever its command has made of its own.
TEST_F(NamesEnter, StartsAtTheRootOfTheSandbox) {
    Running web = start_named(
        "web", "mkdir -p /tmp/jail && cp /bin/busybox /tmp/jail 2>/dev/null; echo ready; cd /tmp; exec sleep 1000");
    web.expect("ready\n");
    EXPECT_EQ(enter("web", "test -d /usr/bin && test -d /tmp/jail && echo whole").out, "whole\n");
    end(web);
}

// Somebody inside who watches for it and may trace what it owns.
TEST_F(NamesEnter, CannotBeTracedBeforeItRuns) {
    Running web = start_named("web", R"(
while :; do
    for p in /proc/[0-9]*; do
        case ${p#/proc/} in 1|$$|self) continue;; esac
        if tr '\0' '\n' <$p/environ 2>/dev/null | grep -q SECRET-OF-THE-CALLER; then echo stolen; fi
        if grep -q SECRET-OF-THE-CALLER $p/mem 2>/dev/null; then echo stolen; fi
    done
done)");
    for (int i = 0; i < 30; ++i) {
        EXPECT_EQ(enter("web", "true", {}, {.set = {{"TOKEN", "SECRET-OF-THE-CALLER"}}}).exit_status, 0);
    }
    // Not SIGTERM: a shell that forks all the time blocks it for moments, in which process 1 loses it.
    web.send(SIGKILL);
    EXPECT_FALSE(contains(web.wait().out, "stolen"));
}

TEST_F(NamesEnter, ATerminalOfItsOwn) {
    Running web = start_named("web");
    HostShell shell;
    shell.run("$SANDBOX enter --tty new web -- sh -c 'tty; stty size; ps -o tty= -p $$'");
    shell.expect("/dev/pts/0\r\n24 80\r\npts/0");
    shell.expect_prompt();
    shell.run("$SANDBOX enter --tty new web -- cat");
    shell.type("text\n");
    shell.expect("text\r\ntext");
    shell.type("\x03");
    shell.expect_prompt();
    EXPECT_EQ(shell.last_status(), 130);
    end(web);
}

TEST_F(NamesEnter, TheCallersTerminalWorks) {
    Running web = start_named("web");
    HostShell shell;
    shell.run("$SANDBOX enter web");
    shell.type("echo in''side; hostname\n");
    shell.expect("inside\r\nsandbox");
    shell.type("sleep 1000; echo over''.\n");
    await_descendant(shell.pid(), "sleep");
    shell.type("\x03");
    shell.type("exit 4\n");
    shell.expect_prompt();
    EXPECT_EQ(shell.last_status(), 4);
    shell.run("$SANDBOX enter web -- sleep 1000");
    const pid_t sleep = await_descendant(shell.pid(), "sleep").pid;
    shell.type("\x1a");
    shell.expect("Stopped");
    shell.expect_prompt();
    EXPECT_TRUE(await_state(sleep, "T"));
    shell.run("fg");
    EXPECT_TRUE(await_state(sleep, "SR"));
    shell.await_foreground_other_than(shell.pid());
    shell.type("\x03");
    shell.expect_prompt();
    EXPECT_EQ(shell.last_status(), 130);
    end(web);
}

TEST_F(NamesEnter, TellsProgramsAndPeople) {
    Running web = start_named("web");
    const Result verbose = enter("web", "true", {"--verbose"});
    EXPECT_TRUE(contains(verbose.err, " join-guest") && contains(verbose.err, "landlock: off")) << verbose;
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    const Result told = enter("web", "exit 3", {"--status-fd", "5"}, {.descriptors = {{5, ends[1]}}});
    close(ends[1]);
    char text[4096];
    const ssize_t length = read(ends[0], text, sizeof text);
    close(ends[0]);
    const std::string lines(text, length > 0 ? static_cast<std::size_t>(length) : 0);
    EXPECT_TRUE(lines.starts_with(R"({"event":"ready","pid":)") &&
                lines.ends_with("{\"event\":\"ended\",\"exit\":3}\n"))
        << lines;
    end(web);
}

// What is on its way into a pid namespace that others are in shows nothing of the caller's command line.
TEST_F(NamesEnter, TheCallersArgumentsAreNotSeenFromInside) {
    Running web = start_named("web",
                              "echo looks; while :; do grep -qs '[t]opsecret' /proc/[0-9]*/cmdline && echo seen && "
                              "exec sleep 1000; done");
    web.expect("looks\n");
    for (int round = 0; round < 25; ++round) {
        EXPECT_EQ(enter("web", "true", {"--env", "TOKEN=topsecret"}).exit_status, 0);
        EXPECT_EQ(inside({"true"}, {.sandbox = {"--join", "pid=web", "--env", "TOKEN=topsecret"}}).exit_status, 0);
    }
    web.send(SIGKILL);  // a shell that forks all the time may lose a SIGTERM
    const Result result = web.wait();
    EXPECT_FALSE(contains(result.out, "seen")) << result;
}

}  // namespace
}  // namespace sandbox_test
