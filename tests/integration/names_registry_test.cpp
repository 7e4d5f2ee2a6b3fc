// --name, sandbox list and inspect, and a registry in which others have been at work.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "support/host.hpp"
#include "support/named.hpp"
#include "support/namespaces.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

class NamesRegistry : public NamesTest {};

/// The inode in `net:[4026531840]`.
std::string inode_of(const std::string& process, const char* kind) {
    const std::string link = namespaces_of(process).at(kind);
    const std::size_t begin = link.find('[') + 1;
    return link.substr(begin, link.find(']') - begin);
}

TEST_F(NamesRegistry, WithoutNamesThereIsNone) {
    EXPECT_EQ(inside({"true"}).exit_status, 0);
    EXPECT_TRUE(listed().empty());
    EXPECT_FALSE(std::filesystem::exists(registry()));
}

TEST_F(NamesRegistry, ListShowsWhatRunsAndNothingElse) {
    Running web = start_named("web");
    Running build = start_named("build", "exec sleep 2000", {"--share", "uts", "--net", "host"});
    Running unnamed = start_inside({"sh", "-c", "echo running; exec sleep 1000"});
    unnamed.expect("running\n");
    EXPECT_EQ(listed(), (std::vector<std::string>{"build", "web"}));

    const Result table = sandbox({"list"});
    const std::vector<std::string> row = words_of(line_starting(table.out, "build "));
    ASSERT_GE(row.size(), 8U) << table;
    EXPECT_EQ(row[1], std::to_string(number_of("build", "pid")));
    EXPECT_EQ(row[2], "0");
    EXPECT_TRUE(row[3].ends_with('K') || row[3].ends_with('M')) << table;
    EXPECT_EQ(row[5], "uts,net");
    EXPECT_TRUE(contains(table.out, "  sh -c 'echo running; exec sleep 2000'\n"))
        << "the command as it was given: " << table;
    EXPECT_EQ(words_of(line_starting(table.out, "web "))[5], "-");

    EXPECT_EQ(lines_of(sandbox({"list", "web"}).out).size(), 2U);
    const Result missing = sandbox({"list", "web", "nope"});
    EXPECT_EQ(missing.exit_status, 1) << missing;
    EXPECT_TRUE(contains(missing.err, "no sandbox named nope runs")) << missing;
    const Result watched = sandbox({"list", "--watch", "web", "nope"});
    EXPECT_EQ(watched.exit_status, 1) << watched;
    EXPECT_TRUE(contains(watched.err, "no sandbox named nope runs")) << watched;
    EXPECT_EQ(watched.out, "");

    web.send(SIGTERM);
    EXPECT_EQ(web.wait().exit_status, 143);
    EXPECT_EQ(listed(), (std::vector<std::string>{"build"}));
    build.send(SIGKILL);
    build.wait();
    EXPECT_TRUE(wait_until([] { return listed().empty(); }, "the end of a sandbox whose launcher was killed"));
    EXPECT_TRUE(entries().empty());
    unnamed.send(SIGTERM);
    unnamed.wait();
}

TEST_F(NamesRegistry, TheCommandIsNamedAsTheHostSeesIt) {
    Running web = start_named("web");
    const std::string process = std::to_string(number_of("web", "pid"));
    const Result json = sandbox({"inspect", "--json", "web"});
    const Result table = sandbox({"list", "--namespaces"});
    const Result text = sandbox({"inspect", "web"});
    for (const char* kind : {"mnt", "pid", "uts", "ipc", "net", "cgroup", "user"}) {
        const std::string inode = inode_of(process, kind);
        const std::string own = inode_of("self", kind);
        EXPECT_TRUE(contains(
            json.out, "\"" + std::string(kind) + "\": {\n      \"inside\": " + inode + ",\n      \"outside\": " + own))
            << kind << inode << json;
        const std::vector<std::string> row = words_of(line_starting(table.out, inode + " "));
        ASSERT_GE(row.size(), 5U) << table;
        EXPECT_EQ(row[1], kind);
        EXPECT_EQ(row[2], own);
        EXPECT_EQ(row[4], "web");
        EXPECT_TRUE(contains(text.out, inode + "  host " + own)) << text;
    }
    EXPECT_TRUE(contains(text.out, "\nuser          0:0\n")) << text;
    web.send(SIGTERM);
    web.wait();
    EXPECT_EQ(sandbox({"inspect", "web"}).exit_status, 1);
}

TEST_F(NamesRegistry, ANameIsGivenOnce) {
    Running web = start_named("web");
    const Result second = inside({"true"}, {.sandbox = {"--name", "web"}});
    EXPECT_EQ(second.exit_status, 125);
    EXPECT_TRUE(contains(second.err, "--name web: the name is taken, by the sandbox of process " +
                                         std::to_string(web.pid()) + "\n  fix: another name, or: sandbox stop web"))
        << second;
    EXPECT_EQ(listed(), (std::vector<std::string>{"web"}));
    web.send(SIGTERM);
    web.wait();
    EXPECT_EQ(inside({"true"}, {.sandbox = {"--name", "web"}}).exit_status, 0);
}

TEST_F(NamesRegistry, ANameThatIsNoneIsRefused) {
    for (const char* name : {"a/b", ".", "-x", "a b"}) {
        const Result result = inside({"true"}, {.sandbox = {std::string("--name=") + name}});
        EXPECT_EQ(result.exit_status, 125) << name;
        EXPECT_TRUE(contains(result.err, "not a name for a sandbox")) << result;
    }
}

TEST_F(NamesRegistry, AStartThatFailsLeavesNoEntry) {
    EXPECT_EQ(inside({"/no/such/program"}, {.sandbox = {"--name", "web"}}).exit_status, 127);
    EXPECT_EQ(inside({"true"}, {.sandbox = {"--name", "web", "--ro", "/no/such/path"}}).exit_status, 125);
    EXPECT_TRUE(entries().empty());
}

TEST_F(NamesRegistry, WithoutAPlaceAnUnnamedSandboxRuns) {
    ASSERT_EQ(chmod(runtime().c_str(), 0777), 0);  // open to others: not believed
    EXPECT_EQ(inside({"true"}).exit_status, 0);
    if (!std::filesystem::exists("/run/user/" + std::to_string(geteuid())) && geteuid() != 0) {
        const Result result = inside({"true"}, {.sandbox = {"--name", "web"}});
        EXPECT_EQ(result.exit_status, 125) << result;
        EXPECT_TRUE(contains(result.err, "--name: there is no place for a registry: ") &&
                    contains(result.err, "not the caller's own, or open to others") &&
                    contains(result.err, "\n  fix: set XDG_RUNTIME_DIR"))
            << result;
    }
}

// What nobody of ours has written, or somebody long ago.
TEST_F(NamesRegistry, GarbageIsPassedOverAndRemoved) {
    Running web = start_named("web");
    const std::string entry = read_file(registry() + "/web");
    write_file(registry() + "/empty", "");
    write_file(registry() + "/binary", std::string("\0\xff\n{", 4));
    write_file(registry() + "/other", entry);  // says that it is `web`
    std::string dead = entry;
    const std::string pid = "\"pid\":" + std::to_string(web.pid());
    ASSERT_NE(dead.find(pid), std::string::npos) << dead;
    // A process that lives, but is another one than it was.
    dead = "{\"request\":{\"name\":\"dead\",\"boot\":" + dead.substr(dead.find("\"boot\":") + 7);
    for (std::size_t at = 0; (at = dead.find("\"start\":", at)) != std::string::npos; at += 8) {
        dead.insert(at + 8, "1");
    }
    write_file(registry() + "/dead", dead);
    std::string reboot = entry;
    reboot.replace(reboot.find("\"boot\":\"") + 8, 4, "0000");
    write_file(registry() + "/reboot", reboot);
    std::filesystem::create_directory(registry() + "/directory");
    std::filesystem::create_symlink("/etc/passwd", registry() + "/link");
    ASSERT_EQ(mkfifo((registry() + "/fifo").c_str(), 0600), 0);

    EXPECT_EQ(listed(), (std::vector<std::string>{"web"}));
    for (const char* name : {"empty", "binary", "other", "dead", "reboot", "directory", "link", "fifo"}) {
        EXPECT_EQ(sandbox({"inspect", name}).exit_status, 1) << name;
        EXPECT_EQ(sandbox({"stop", name}).exit_status, 1) << name;
        EXPECT_EQ(sandbox({"wait", name}).exit_status, 1) << name;
        EXPECT_EQ(sandbox({"enter", name, "--", "true"}).exit_status, 125) << name;
    }
    for (const char* name : {"empty", "binary", "dead", "reboot"}) {
        EXPECT_EQ(inside({"true"}, {.sandbox = {"--name", name}}).exit_status, 0) << name;
    }
    for (const char* name : {"directory", "link", "fifo"}) {
        const Result result = inside({"true"}, {.sandbox = {"--name", name}});
        EXPECT_EQ(result.exit_status, 125) << name;
        EXPECT_TRUE(contains(result.err, "the name is taken")) << result;
    }
    EXPECT_EQ(listed(), (std::vector<std::string>{"web"}));
    std::vector<std::string> left = entries();
    std::sort(left.begin(), left.end());
    EXPECT_EQ(left, (std::vector<std::string>{"directory", "fifo", "link", "other", "web"}));
    web.send(SIGTERM);
    web.wait();
    EXPECT_TRUE(listed().empty());
    EXPECT_FALSE(std::filesystem::exists(registry() + "/other")) << "what it told of is gone";
    EXPECT_EQ(read_file("/etc/passwd").empty(), false);
}

TEST_F(NamesRegistry, FilesOfAnotherUserAreNotBelieved) {
    if (geteuid() != 0) {
        // Nobody else can put a file into a directory of mode 0700.
        Running web = start_named("web");
        EXPECT_EQ(std::filesystem::status(registry()).permissions(), std::filesystem::perms::owner_all);
        web.send(SIGTERM);
        web.wait();
        return;
    }
    Running web = start_named("web");
    std::string entry = read_file(registry() + "/web");
    entry.replace(entry.find("\"name\":\"web\""), 12, "\"name\":\"bad\"");
    write_file(registry() + "/bad", entry);
    EXPECT_EQ(listed(), (std::vector<std::string>{"bad", "web"})) << "the control: believed while it is ours";
    ASSERT_EQ(chown((registry() + "/bad").c_str(), 12345, 12345), 0);
    EXPECT_EQ(listed(), (std::vector<std::string>{"web"}));
    EXPECT_EQ(sandbox({"stop", "bad"}).exit_status, 1);
    EXPECT_TRUE(std::filesystem::exists(registry() + "/bad"));
    web.send(SIGTERM);
    web.wait();
}

TEST_F(NamesRegistry, AFullDiskIsAnError) {
    const Result result = on_host_of_its_own(R"(
mkdir -p /srv/full; mount -t tmpfs -o size=256k,mode=0700 full /srv/full
export XDG_RUNTIME_DIR=/srv/full
mkdir -m 700 /srv/full/sandbox /srv/full/sandbox/named
dd if=/dev/zero of=/srv/full/fill bs=4k 2>/dev/null || :
$SANDBOX --name web -- echo ran || echo "status $?"
$SANDBOX list; ls /srv/full/sandbox/named
rm /srv/full/fill
$SANDBOX --name web -- echo ran
)");
    EXPECT_TRUE(contains(result.err,
                         "--name web: cannot write its entry in the registry: No space left on device\n"
                         "  fix: make room"))
        << result;
    EXPECT_TRUE(result.out.starts_with("status 125\nNAME ")) << result;
    EXPECT_TRUE(result.out.ends_with("COMMAND\nran\n")) << result;
}

TEST_F(NamesRegistry, NobodyInsideReachesIt) {
    Running web = start_named("web", "exec sleep 1000", {"--env", "SECRET=hidden-word"});
    EXPECT_TRUE(contains(read_file(registry() + "/web"), "hidden-word")) << "the control";
    const std::string look = "cat " + registry() + "/* 2>&1; ls " + registry() + " 2>&1; mkdir " + runtime() +
                             "/sandbox 2>&1; echo x >" + registry() + "/forged; mv " + runtime() + "/sandbox " +
                             runtime() + "/moved 2>&1; find / -name named -path '*sandbox*' 2>/dev/null";
    const std::vector<std::vector<std::string>> ways = {{"--rw", runtime()},
                                                        {"--ro", runtime()},
                                                        {"--rw", runtime() + ":/mnt"},
                                                        {"--rw", runtime() + "/sandbox:/mnt"},
                                                        {"--rw", registry() + ":/mnt"}};
    for (const std::vector<std::string>& way : ways) {
        const Result result = inside_shell(look + "; cat /mnt/* /mnt/*/* 2>/dev/null", {.sandbox = way});
        EXPECT_FALSE(contains(result.out + result.err, "hidden-word")) << way[1] << result;
        EXPECT_EQ(entries(), (std::vector<std::string>{"web"})) << way[1] << result;
    }
    const Result only = inside_shell(look, {.sandbox = {"--only", "pid"}});
    EXPECT_FALSE(contains(only.out + only.err, "hidden-word")) << only;
    EXPECT_EQ(entries(), (std::vector<std::string>{"web"})) << only;
    EXPECT_EQ(listed(), (std::vector<std::string>{"web"}));
    web.send(SIGTERM);
    web.wait();
}

// One that is made only later would be of the command's making.
TEST_F(NamesRegistry, NobodyInsideMakesIt) {
    for (const std::vector<std::string>& way :
         std::vector<std::vector<std::string>>{{"--rw", runtime()}, {"--only", "pid"}}) {
        const Result result = inside_shell("mkdir -m 700 " + runtime() + "/sandbox; mkdir -m 700 " + registry() +
                                               " && echo made; echo x >" + registry() + "/forged && echo forged",
                                           {.sandbox = way});
        EXPECT_FALSE(contains(result.out, "forged")) << result;
        EXPECT_TRUE(entries().empty()) << result;
    }
}

}  // namespace
}  // namespace sandbox_test
