// A01 to A12: files and descriptors. The host's tree is compared before and after.
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <map>
#include <sstream>

#include "attack/attack.hpp"
#include "attack/snapshot.hpp"
#include "support/overlays.hpp"
#include "sys/fd.hpp"

namespace sandbox_attack {
namespace {

namespace fs = std::filesystem;

using Files = sandbox_test::SandboxTest;

TEST_F(Files, A01_ReadingWhatIsHidden) {
    const std::string home = directory() / "home";
    const std::string shown = directory() / "shown";
    fs::create_directory(home);
    fs::create_directory(shown);
    sandbox_test::write_file(home + "/file", "marker");
    Attack("A01", "reading what is hidden")
        .make({.program = "attack_hidden",
               .arguments = {"directory=" + home, "beside=" + shown, "alias=/mnt/alias"},
               .run = {.sandbox = {"--ro", shown}, .set = {{"HOME", home}}},
               .host = "mount -t tmpfs host /mnt; mkdir /mnt/alias; mount --bind '" + home + "' /mnt/alias"});
}

// What is written in an overlay is kept where nobody inside finds it.
TEST_F(Files, A01_ReadingTheDirectoryOfChanges) {
    const std::string shown = directory() / "shown";
    const std::string kept = directory() / "kept";
    fs::create_directory(shown);
    // By who has it later: an ordinary user is root of a user namespace on this host, and has another number there.
    std::string make = "[ -e '" + kept + "' ] || {";
    for (const std::string& word : sandbox_test::sandbox_command({"true"}, {"--overlay", shown, "--changes", kept})) {
        make += " '" + word + "'";
    }
    make += " && printf marker >'" + kept + "/file'; }\n";
    Attack("A01", "reading what is hidden")
        .make({.program = "attack_hidden",
               .arguments = {"directory=" + kept, "beside=" + shown, "alias=/mnt/alias"},
               .run = {.sandbox = {"--ro", directory().path(), "--overlay", shown, "--changes", kept}},
               .host = make + "mount -t tmpfs host /mnt; mkdir /mnt/alias; mount --bind '" + kept + "' /mnt/alias"});
    sandbox_test::run({"chmod", "-R", "u+rwX", kept});
}

TEST_F(Files, A02_ChangingTheHostThroughAnOverlay) {
    const std::string tree = directory() / "tree";
    sandbox_test::make_tree(tree);
    const std::string before = sandbox_test::snapshot(tree);
    const std::string script = R"(
umount . ../tree; umount -l "$PWD"; mount -o remount,bind,rw "$PWD"; mount -t overlay x -o lowerdir=/,upperdir=.,workdir=. /mnt
for root in /proc/1/root /proc/self/root /proc/self/cwd/..; do
    for file in "$root$PWD"/* "$root$PWD"/.hidden; do echo changed >> "$file"; chmod 777 "$file"; touch "$file"; done
done
while read -r _ _ _ _ place _; do echo changed > "$place/tree/file"; echo changed > "$place/upper/file"; done < /proc/self/mountinfo
echo changed >> file; ln first linked; echo changed >> linked; mv file moved; mv sub moved-sub; setfattr -n user.x -v y script
chmod -R 700 .; chown -R 0:0 .; touch .; for file in * */*; do true > "$file"; done; rm -rf -- * .hidden; mkdir sub; true
)";
    const auto changes = [&](const std::string& option, const Setting& setting) {
        sandbox_test::RunOptions options{.sandbox = {option, "."}, .directory = tree};
        options.sandbox.insert(options.sandbox.end(), setting.options.begin(), setting.options.end());
        const sandbox_test::Result result = sandbox_test::inside({"sh", "-c", script}, options);
        EXPECT_EQ(result.exit_status, 0) << result;
        return sandbox_test::snapshot(tree) != before;
    };
    Attack("A02", "changing files that are not writable")
        .make("everything, in an overlay", "mounts", [&](const Setting& one) { return changes("--overlay", one); });
    EXPECT_TRUE(changes("--rw", settings().front())) << "the attack itself";
}

TEST_F(Files, A02_ChangingWhatIsNotWritable) {
    const std::string shown = directory() / "shown";
    const std::string writable = directory() / "writable";
    std::string before;
    Probe probe{.program = "attack_files",
                .arguments = {"directory=" + shown, "writable=" + writable},
                .run = {.sandbox = {"--ro", shown, "--rw", writable}},
                .ground = "plain"};
    probe.prepare = [&] {
        for (const std::string& path : {shown, writable}) {
            fs::remove_all(path);
            fs::create_directory(path);
        }
        fs::create_directory(shown + "/empty");
        sandbox_test::write_file(shown + "/file", "text");
        sandbox_test::write_file(shown + "/other", "text");
        before = snapshot(shown);
    };
    probe.judge = [&](Answers&) { EXPECT_EQ(snapshot(shown), before); };
    Attack("A02", "changing files that are not writable").make(probe);
}

// The work tree is the command's, and the next start trusts nothing in it.
TEST_F(Files, A03_LinksInTheWorkTree) {
    const std::string tree = directory() / "tree";
    const std::string victim = directory() / "victim";
    fs::create_directories(tree + "/deep");
    fs::create_directory(victim);
    sandbox_test::write_file(victim + "/file", "text");
    fs::create_symlink(victim, tree + "/directory");
    fs::create_symlink(victim + "/file", tree + "/leaf");
    fs::create_symlink(victim + "/fresh", tree + "/dangling");
    fs::create_symlink("../victim", tree + "/up");
    fs::create_symlink("/proc/self/cwd/../victim", tree + "/magic");
    fs::create_symlink("../../victim", tree + "/deep/er");
    const std::string before = snapshot(victim);
    Attack attack("A03", "links in the work tree");
    for (const std::string link :
         {"directory/x", "directory/x/y", "directory", "leaf", "dangling", "up/x", "magic/x", "deep/er/x"}) {
        const std::string target = tree + "/" + link;
        attack.make("a mount point at " + link, "launcher", [&](const Setting& setting) {
            for (const std::vector<std::string>& option : {std::vector<std::string>{"--tmpfs", target},
                                                           {"--ro", "/usr:" + target},
                                                           {"--rw", tree + "/deep:" + target},
                                                           {"--ro", "/etc/passwd:" + target}}) {
                std::vector<std::string> options{"--rw", tree};
                options.insert(options.end(), option.begin(), option.end());
                options.insert(options.end(), setting.options.begin(), setting.options.end());
                sandbox_test::inside({"sh", "-c", "echo x > '" + target + "'; echo x > '" + target + "/x'"},
                                     {.sandbox = options, .directory = tree});
            }
            return snapshot(victim) != before;
        });
    }
    // What a launcher does that follows.
    EXPECT_EQ(sandbox_test::run({"mkdir", "-p", tree + "/up/x"}).exit_status, 0);
    EXPECT_NE(snapshot(victim), before);
}

// The links change while launchers follow them. view_swapped_tree_test has 1,000 starts and more options.
TEST_F(Files, A04_LinksThatChange) {
    const std::string tree = directory() / "tree";
    const std::string victim = directory() / "victim";
    fs::create_directories(tree + "/dir/sub");
    fs::create_directories(victim + "/sub");
    for (const std::string& place : {tree + "/dir", victim}) {
        sandbox_test::write_file(place + "/file", "text");
        sandbox_test::write_file(place + "/sub/file", "text");
    }
    fs::create_symlink("../victim", tree + "/link");
    const std::string before = snapshot(victim);
    sandbox_test::Running swapping({sandbox_test::probe("swap"), tree + "/dir", tree + "/link"},
                                   {.input = "", .keep_input_open = true});
    swapping.expect("swapping\n");
    const std::string dir = tree + "/dir";
    Attack attack("A04", "links that change meanwhile");
    for (const auto& [name, options] : std::vector<std::pair<std::string, std::vector<std::string>>>{
             {"mount points", {"--tmpfs", dir + "/sub/tmp", "--ro", "/etc/passwd:" + dir + "/new"}},
             {"protected paths that are missing", {"--hide", dir + "/sub/.env", "--ro", dir + "/hooks"}},
             {"directories and files to be made", {"--dir", dir + "/made/deep", "--symlink", "x:" + dir + "/sub/link"}},
         }) {
        attack.make(name, "launcher", [&options = options, &tree, &victim, &before](const Setting& setting) {
            for (int start = 0; start < 4; ++start) {
                std::vector<std::string> all{"--rw", tree};
                all.insert(all.end(), options.begin(), options.end());
                all.insert(all.end(), setting.options.begin(), setting.options.end());
                const auto result = sandbox_test::inside({"true"}, {.sandbox = all, .directory = tree});
                EXPECT_TRUE(result.exit_status == 0 || result.exit_status == 125) << result;
            }
            return snapshot(victim) != before;
        });
    }
    swapping.close_input();
    // What a launcher does that follows where it looked before.
    EXPECT_EQ(swapping.wait().exit_status, 0);
    EXPECT_EQ(sandbox_test::run({"touch", tree + "/link/x", dir + "/x"}).exit_status, 0);
    EXPECT_NE(snapshot(victim), before);
    EXPECT_EQ(sandbox_test::run({sandbox_test::sandbox_binary(), "gc"}).exit_status, 0);
}

TEST_F(Files, A05_TheWayToAProtectedPath) {
    const std::string tree = directory() / "tree";
    const std::string kept = tree + "/parent/kept";
    std::string before;
    Probe probe{.program = "attack_protected",
                .arguments = {"parent=" + tree + "/parent", "protected=" + kept, "other=" + tree + "/other"},
                .run = {.sandbox = {"--rw", tree, "--ro", kept}},
                .ground = "plain"};
    probe.prepare = [&] {
        fs::remove_all(tree);
        fs::create_directories(kept);
        fs::create_directories(tree + "/other");
        sandbox_test::write_file(kept + "/file", "text");
        before = snapshot(kept);
    };
    probe.judge = [&](Answers&) { EXPECT_EQ(snapshot(kept), before); };
    Attack("A05", "the way to a protected path").make(probe);
}

// What is protected may not be there yet, and nothing may remain where it was kept free.
TEST_F(Files, A06_ProtectedPathsThatAreMissing) {
    const std::string tree = directory() / "tree";
    fs::create_directories(tree + "/sub");
    const auto names = [&tree] { return sandbox_test::run({"find", tree, "-printf", "%P %y %m %s\\n"}).out; };
    const std::string before = names();
    const std::string make =
        "cd '" + tree +
        "'; echo x >.env; mkdir .git; ln -s sub hooks; mkdir other; echo x >other/x; mv other .git; ln -f sub .env; "
        "rm -rf .env .git hooks; mv .git moved; echo x >>.env; echo up; ";
    const auto options = [&tree](const Setting& setting) {
        std::vector<std::string> all{"--rw",   tree,           "--hide", tree + "/.env",
                                     "--hide", tree + "/.git", "--hide", tree + "/hooks"};
        all.insert(all.end(), setting.options.begin(), setting.options.end());
        return all;
    };
    const auto clean = [&] {
        EXPECT_EQ(sandbox_test::run({sandbox_test::sandbox_binary(), "gc"}).exit_status, 0);
        fs::remove_all(tree + "/other");
        return names() == before;
    };
    Attack attack("A06", "protected paths that are missing");
    attack.make("create one", "mounts", [&](const Setting& setting) {
        const auto result = sandbox_test::inside_shell(make, {.sandbox = options(setting)});
        EXPECT_EQ(result.out, "up\n") << result;
        return !clean();
    });
    attack.make("create one, and kill the launcher", "mounts", [&](const Setting& setting) {
        {
            sandbox_test::Running running =
                sandbox_test::start_inside({"sh", "-c", make + "sleep 1000"}, {.sandbox = options(setting)});
            running.expect("up\n");
            EXPECT_TRUE(fs::exists(tree + "/.env")) << "its place is not held: the test tests nothing";
            running.send(SIGKILL);
            running.wait();
        }
        expect_nothing_left();
        return !clean();
    });
    EXPECT_EQ(sandbox_test::run({"sh", "-c", make}).exit_status, 0);
    EXPECT_NE(names(), before) << "no control";
}

/// A file on 0 that is read, and one on 1 that is appended to.
class StreamFiles {
  public:
    explicit StreamFiles(const std::string& directory) : in_(directory + "/in"), out_(directory + "/out") {
        for (const std::string& path : {in_, out_}) {
            fs::remove(path);
            sandbox_test::write_file(path, "precious\n");
            fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
        }
        reading_ = sandbox::sys::UniqueFd(open(in_.c_str(), O_RDONLY | O_CLOEXEC));
        appending_ = sandbox::sys::UniqueFd(open(out_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
        before_ = state();
        sandbox_test::await_tick();  // of what changes the owner to the same one, the time alone tells
    }
    [[nodiscard]] std::map<int, int> descriptors() const { return {{0, reading_.get()}, {1, appending_.get()}}; }
    [[nodiscard]] bool changed() const {
        return state() != before_ || !sandbox_test::read_file(out_).starts_with("precious\n");
    }

  private:
    [[nodiscard]] std::string state() const {
        struct stat now {};
        stat(in_.c_str(), &now);
        std::ostringstream text;
        text << now.st_mode << ' ' << now.st_mtim.tv_sec << '.' << now.st_mtim.tv_nsec << ' ' << now.st_ctim.tv_sec
             << '.' << now.st_ctim.tv_nsec << ' ' << sandbox_test::read_file(in_);
        return text.str();
    }
    std::string in_;
    std::string out_;
    std::string before_;
    sandbox::sys::UniqueFd reading_;
    sandbox::sys::UniqueFd appending_;
};

TEST_F(Files, A07_StandardInputAndOutput) {
    Attack attack("A07", "more from 0, 1, 2 than was given");
    const std::string probe = sandbox_test::probe("attack_descriptors");
    // The answer counts for reading alone: all else is seen on the host.
    const auto succeeds = [&](const std::vector<std::string>& words, const std::string& attempt) {
        const StreamFiles files(directory().path());
        std::vector<std::string> all = words;
        all.insert(all.end(), {probe, "of=streams", "only=" + attempt});
        const auto result = sandbox_test::run(all, {.descriptors = files.descriptors()});
        EXPECT_EQ(result.exit_status, 0) << result;
        return files.changed() || (attempt == "read 1" && result.err.find("\tdone\t") != std::string::npos);
    };
    for (const std::string attempt :
         {"write to 0 by /proc", "write to 0 by /dev", "write to 0 by the thread", "truncate 0", "open 0 truncated",
          "fchmod 0", "chmod 0 by /proc", "futimens 0", "fsetxattr 0", "fchown 0", "overwrite 1 by /proc",
          "overwrite 1 by /dev", "truncate 1", "read 1", "take O_APPEND from 1"}) {
        if (attempt != "fsetxattr 0") {  // not every file system has them
            EXPECT_TRUE(succeeds({}, attempt)) << attempt << ": no control";
        }
        attack.make(attempt, "descriptors", [&](const Setting& setting) {
            std::vector<std::string> words{sandbox_test::sandbox_binary(), "--ro",
                                           sandbox_test::given("SANDBOX_PROBES")};
            words.insert(words.end(), setting.options.begin(), setting.options.end());
            words.emplace_back("--");
            return succeeds(words, attempt);
        });
    }
    const sandbox::sys::UniqueFd root(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    for (const int number : {0, 1, 2}) {
        attack.make("a directory on " + std::to_string(number), "launcher", [&](const Setting& setting) {
            return sandbox_test::inside({"true"}, {.sandbox = setting.options, .descriptors = {{number, root.get()}}})
                       .exit_status != 125;
        });
    }
}

TEST_F(Files, A08_OtherDescriptors) {
    const sandbox::sys::UniqueFd root(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    std::array<int, 2> ends{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    const sandbox::sys::UniqueFd here(ends[0]);
    const sandbox::sys::UniqueFd there(ends[1]);
    const sandbox::sys::UniqueFd memory(memfd_create("secret", MFD_CLOEXEC));
    ASSERT_EQ(write(memory.get(), "secret", 6), 6);
    const sandbox::sys::UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0)));
    Attack("A08", "descriptors that were inherited")
        .make({.program = "attack_descriptors",
               .run = {.descriptors = {{10, root.get()}, {11, there.get()}, {12, memory.get()}, {13, process.get()}}},
               .ground = "plain"});
}

TEST_F(Files, A09_TheOldRoot) {
    const std::string cwd = directory() / "cwd";
    fs::create_directory(cwd);
    sandbox_test::write_file(directory() / "marker", "marker");
    Attack("A09", "the old root")
        .make(
            {.program = "attack_root", .arguments = {"marker=" + (directory() / "marker")}, .run = {.directory = cwd}});
}

TEST_F(Files, A10_HandlesAndDeviceNodes) {
    const std::string shown = directory() / "shown";
    fs::create_directory(shown);
    if (geteuid() == 0) {
        ASSERT_EQ(mknod((shown + "/node").c_str(), S_IFCHR | 0666, makedev(1, 3)), 0);
    }
    Attack("A10", "handles of files, device nodes")
        .make({.program = "attack_devices",
               .arguments = {"shown=" + shown},
               .run = {.sandbox = {"--ro", shown}},
               .ground = "plain"});
}

TEST_F(Files, A11_ProgramsThatGiveRights) {
    const std::string place = directory() / "place";
    fs::create_directory(place);
    ASSERT_EQ(chmod(directory().path().c_str(), 0755), 0);
    for (const std::string name : {"user", "group", "capability"}) {
        const std::string path = place + "/" + name;
        fs::copy_file(sandbox_test::probe("attack_privileges"), path);
        if (geteuid() == 0 && name != "capability") {
            ASSERT_EQ(chown(path.c_str(), 4242, 4242), 0);
        }
        ASSERT_EQ(chmod(path.c_str(), name == "user" ? 04755 : name == "group" ? 02755 : 0755), 0);
        if (geteuid() == 0 && name == "capability") {
            vfs_cap_data data{};
            data.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE;
            data.data[CAP_TO_INDEX(CAP_SYS_TIME)].permitted = CAP_TO_MASK(CAP_SYS_TIME);
            ASSERT_EQ(setxattr(path.c_str(), "security.capability", &data, sizeof data, 0), 0);
        }
    }
    Attack("A11", "programs that give rights")
        .make({.program = "attack_privileges",
               .arguments = {"place=" + place},
               .run = {.sandbox = {"--ro", place}},
               .ground = "plain"});
}

TEST_F(Files, A12_TheSandboxItself) {
    const std::string place = directory() / "place";
    const std::string writable = directory() / "writable";
    std::string before;
    Probe probe{.program = "attack_files",
                .arguments = {"directory=" + place, "writable=" + writable},
                .run = {.sandbox = {"--ro", place, "--rw", writable}},
                .binary = place + "/file",
                .ground = "plain"};
    probe.prepare = [&] {
        for (const std::string& path : {place, writable}) {
            fs::remove_all(path);
            fs::create_directory(path);
        }
        fs::create_directory(place + "/empty");
        fs::copy_file(sandbox_test::sandbox_binary(), place + "/file");
        sandbox_test::write_file(place + "/other", "text");
        before = snapshot(place);
    };
    probe.judge = [&](Answers&) { EXPECT_EQ(snapshot(place), before); };
    Attack("A12", "the binary of the sandbox").make(probe);
}

}  // namespace
}  // namespace sandbox_attack
