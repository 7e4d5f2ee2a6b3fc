// The walk-through of the manual, first part: who the command is, what it is called, and whom it sees.
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "support/namespaces.hpp"
#include "support/sandbox_test.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

using WalkthroughIdentity = SandboxTest;

std::string host_name() {
    utsname names{};
    uname(&names);
    return names.nodename;
}

TEST_F(WalkthroughIdentity, EchoHelloWorld) {
    const Result result = inside({"echo", "hello-world"});
    EXPECT_EQ(result.exit_status, 0);
    EXPECT_EQ(result.out, "hello-world\n");
    EXPECT_EQ(result.err, "");
}

TEST_F(WalkthroughIdentity, TheCommandIsRoot) {
    EXPECT_EQ(inside_shell("id -u; id -g; id -un; id -gn").out, "0\n0\nroot\nroot\n");
    EXPECT_TRUE(inside({"id"}).out.starts_with("uid=0(root) gid=0(root) "));
}

TEST_F(WalkthroughIdentity, TheNamespaceLinksBelongToRoot) {
    const Result result = inside_shell("ls -l /proc/self/ns");
    ASSERT_EQ(result.exit_status, 0) << result;
    std::size_t links = 0;
    for (const std::string& line : lines_of(result.out)) {
        if (!line.starts_with("total")) {
            EXPECT_TRUE(contains(line, " root root ")) << line;
            ++links;
        }
    }
    EXPECT_GE(links, namespace_kinds.size()) << result;
}

// Also for the second user namespace, and for what lies between it and the host.
TEST_F(WalkthroughIdentity, TheMapsReadFromOutsideAreThoseOfTheCaller) {
    Running running = start_inside({"sh", "-c", "echo up; read line"},
                                   {.sandbox = {"--map-users", "real", "--uid", "0"}, .keep_input_open = true});
    running.expect("up");
    const std::vector<ProcessState> processes = descendants_of(running.pid());
    ASSERT_GE(processes.size(), 2U) << "the init of the sandbox, and the command";
    for (const ProcessState& process : processes) {
        const std::string directory = "/proc/" + std::to_string(process.pid);
        EXPECT_EQ(words_of(read_file(directory + "/uid_map")),
                  (std::vector<std::string>{"0", std::to_string(geteuid()), "1"}));
        EXPECT_EQ(words_of(read_file(directory + "/gid_map")),
                  (std::vector<std::string>{"0", std::to_string(getegid()), "1"}));
        EXPECT_EQ(read_file(directory + "/setgroups"), "deny\n");
    }
    running.close_input();
    running.wait();
}

TEST_F(WalkthroughIdentity, TheHostNameIsItsOwn) {
    const std::string before = host_name();
    const Result result = inside_shell("hostname && hostname foo && hostname && uname -n");
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_EQ(result.out, "sandbox\nfoo\nfoo\n");
    EXPECT_EQ(host_name(), before);
}

TEST_F(WalkthroughIdentity, TheLineOfTheManual) {
    const Result result = inside_shell("hostname && ip addr && echo PID: $$");
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_TRUE(result.out.starts_with("sandbox\n1: lo: <LOOPBACK,UP")) << result;
    EXPECT_TRUE(result.out.ends_with("\nPID: 1\n")) << result;
}

TEST_F(WalkthroughIdentity, OnlyTheSandboxIsInTheListOfProcesses) {
    // Not before the shell's child has become what is looked for.
    const Result result = inside_shell(
        "sleep 1000 & until [ \"$(tr '\\0' ' ' < /proc/$!/cmdline)\" = 'sleep 1000 ' ]; do :; done; ps aux; kill $!");
    ASSERT_EQ(result.exit_status, 0) << result;
    const std::vector<std::string> lines = lines_of(result.out);
    ASSERT_EQ(lines.size(), 4U) << result;
    EXPECT_TRUE(lines[0].starts_with("USER ")) << result;
    EXPECT_TRUE(contains(lines[1], " sh -c ")) << result;
    EXPECT_TRUE(lines[2].ends_with("sleep 1000")) << result;
    EXPECT_TRUE(lines[3].ends_with("ps aux")) << result;
    for (std::size_t at = 1; at < lines.size(); ++at) {
        EXPECT_TRUE(lines[at].starts_with("root ")) << lines[at];
    }
}

TEST_F(WalkthroughIdentity, NoProcessOfTheHostCanBeReached) {
    const std::string test = std::to_string(getpid());
    ASSERT_GT(getpid(), 100) << "the number would be taken inside, too";
    const Result result = inside_shell("ls -d /proc/" + test + "; kill -0 " + test + "; echo $?");
    EXPECT_EQ(result.out, "1\n") << result;
}

TEST_F(WalkthroughIdentity, SevenNamespacesAreNew) {
    const std::set<std::string> kinds = different(namespaces_of(), namespaces_inside());
    EXPECT_EQ(listed(kinds), "cgroup ipc mnt net pid user uts");
}

TEST_F(WalkthroughIdentity, TwoSandboxesShareNothing) {
    // The numbers of namespaces that are gone are given again, so that two runs in turn may well agree.
    Running first =
        start_inside({"sh", "-c", "cd /proc/self/ns; readlink *; echo .; read x; true"}, {.keep_input_open = true});
    const std::vector<std::string> one = lines_of(first.expect(".\n"));
    const std::vector<std::string> other = lines_of(inside_shell("cd /proc/self/ns; readlink *").out);
    for (const std::string& link : one) {
        const bool shared = std::ranges::find(other, link) != other.end();
        EXPECT_EQ(shared, link.starts_with("time:")) << link;
    }
    first.close_input();
    first.wait();
}

// The processes, mounts and descriptors are what every test checks at its end; here it is what lsns says.
TEST_F(WalkthroughIdentity, NoNamespaceIsLeft) {
    Running running =
        start_inside({"sh", "-c", "cd /proc/self/ns; readlink *; echo .; read x; true"}, {.keep_input_open = true});
    const std::string links = running.expect(".\n");
    std::vector<std::string> numbers;
    for (const std::string& line : lines_of(links)) {
        const std::size_t from = line.find('[') + 1;
        if (line.find('[') != std::string::npos && !line.starts_with("time")) {
            numbers.push_back(line.substr(from, line.find(']') - from));
        }
    }
    ASSERT_GE(numbers.size(), 7U);
    // Another sandbox of this machine may have taken a number meanwhile, and keep it: who is in there tells.
    const auto seen = [&] {
        std::set<std::string> ours;
        for (const ProcessState& process : descendants_of(getpid())) {
            ours.insert(std::to_string(process.pid));
        }
        std::set<std::string> all;
        for (const std::string& line : lines_of(run({"lsns", "--noheadings", "--output", "NS,PID"}).out)) {
            const std::vector<std::string> words = words_of(line);
            if (words.size() == 2 && ours.contains(words[1])) {
                all.insert(words[0]);
            }
        }
        return std::ranges::count_if(numbers, [&](const std::string& number) { return all.contains(number); });
    };
    EXPECT_EQ(seen(), static_cast<std::ptrdiff_t>(numbers.size())) << "lsns sees them as long as the sandbox lives";
    running.close_input();
    EXPECT_EQ(running.wait().exit_status, 0);
    wait_until([&] { return seen() == 0; }, "no namespace of the sandbox in the list of lsns");
}

TEST_F(WalkthroughIdentity, NothingIsLeftOfACommandThatLeavesProcessesBehind) {
    const Result result = inside_shell("sleep 1000 & sleep 1000 & (sleep 1000 &) ; setsid sleep 1000 & exit 7");
    EXPECT_EQ(result.exit_status, 7);
    expect_nothing_left();
}

TEST_F(WalkthroughIdentity, IdsOfChoice) {
    const auto ids = [](const std::vector<std::string>& options) {
        return trimmed(inside_shell("echo $(id -u) $(id -g)", {.sandbox = options}).out);
    };
    EXPECT_EQ(ids({"--uid", "1000"}), "1000 0");
    EXPECT_EQ(ids({"--gid", "100"}), "0 100");
    EXPECT_EQ(ids({"--uid", "4294967294", "--gid", "4294967294"}), "4294967294 4294967294");
    EXPECT_EQ(ids({"--uid", "self", "--gid", "self"}), std::to_string(geteuid()) + " " + std::to_string(getegid()));
    EXPECT_EQ(ids({"--uid=0", "--gid=0"}), "0 0");
}

TEST_F(WalkthroughIdentity, AnIdOfChoiceOwnsWhatTheCallerOwns) {
    write_file(directory() / "mine", "text\n");
    const std::string file = directory() / "mine";
    const Result result =
        inside_shell("stat -c '%u %g' mine; echo more >> mine; echo new > made",
                     {.sandbox = {"--uid", "77", "--gid", "78", "--rw", "."}, .directory = directory().path()});
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_EQ(result.out, "77 78\n");
    EXPECT_EQ(read_file(file), "text\nmore\n");
    const Result owner = run({"stat", "-c", "%u %g", directory() / "made"});
    EXPECT_EQ(trimmed(owner.out), std::to_string(geteuid()) + " " + std::to_string(getegid()));
}

TEST_F(WalkthroughIdentity, UserNamesAreThoseOfTheInside) {
    EXPECT_EQ(inside_shell("echo $USER $LOGNAME", {.set = {{"USER", "somebody"}, {"LOGNAME", "somebody"}}}).out,
              "root root\n");
    EXPECT_EQ(inside_shell("echo $USER", {.sandbox = {"--uid", "1"}}).out, trimmed(run({"id", "-un", "1"}).out) + "\n");
}

TEST_F(WalkthroughIdentity, HostAndDomainNameOfChoice) {
    const std::string before = host_name();
    const Result result = inside_shell("hostname; cat /proc/sys/kernel/domainname",
                                       {.sandbox = {"--hostname", "box.example", "--domainname", "test.domain"}});
    EXPECT_EQ(result.out, "box.example\ntest.domain\n") << result;
    EXPECT_EQ(host_name(), before);
}

}  // namespace
}  // namespace sandbox_test
