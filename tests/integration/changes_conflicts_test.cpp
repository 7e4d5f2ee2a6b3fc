// What the host has changed since the first run began: named, and left alone.
#include "support/changes.hpp"

#include <string>

#include <sys/stat.h>
#include <unistd.h>

namespace sandbox_test {
namespace {

class ChangesConflicts : public ChangesTest {
  protected:
    void expect_conflict(const std::string& name, const std::string& why) {
        const Result result = verb({"apply", dir()});
        EXPECT_EQ(result.exit_status, 1) << result;
        EXPECT_NE(result.err.find("sandbox: " + host(name) + ": " + why + "; --force overrides\n"), std::string::npos)
            << result;
    }
    /// The script with the sandbox in $0, the directory of changes in $1 and the tree in $2.
    [[nodiscard]] Result with_mounts(const std::string& script) const {
        std::vector<std::string> command = {"unshare", "--mount",        "sh",  "-euc",
                                            script,    sandbox_binary(), dir(), host()};
        if (::geteuid() != 0) {
            command.insert(command.begin() + 1, "-Ur");
        }
        return run(command);
    }
    void expect_forced() {
        const Result result = verb({"apply", "--force", dir()});
        EXPECT_EQ(result.exit_status, 0) << result;
        EXPECT_EQ(diff(), "");
    }
};

constexpr const char* changed = "the host has changed it since the first run";

TEST_F(ChangesConflicts, AFileThatWasWrittenTo) {
    change_on_host("echo 1 >a; echo 1 >b; echo 1 >c; echo 1 >d");
    change("echo 2 >a; echo 2 >b; rm c; chmod 0600 d");
    change_on_host("echo 3 >a; echo 3 >c; echo 3 >>d");
    const std::string before = read_file(host("a"));
    expect_conflict("a", changed);
    expect_conflict("c", changed);
    expect_conflict("d", changed);
    EXPECT_EQ(read_file(host("a")), "3\n");
    EXPECT_EQ(read_file(host("b")), "2\n");
    EXPECT_EQ(read_file(host("c")), "3\n");
    expect_forced();
    EXPECT_EQ(read_file(host("a")), "2\n");
    EXPECT_NE(::access(host("c").c_str(), F_OK), 0);
}

TEST_F(ChangesConflicts, AFileThatAppeared) {
    change("echo 2 >a; mkdir d; echo 2 >d/x; echo same >same; touch -d 2001-01-01 same; chmod 0644 same");
    change_on_host("echo 3 >a; mkdir d; echo 3 >d/x; echo same >same; touch -d 2001-01-01 same; chmod 0644 same");
    expect_conflict("a", changed);
    expect_conflict("d/x", changed);
    const Result result = verb({"apply", dir(), host("same")});
    EXPECT_NE(result.err.find("nothing to do"), std::string::npos) << result;
    expect_forced();
}

TEST_F(ChangesConflicts, AFileThatIsGone) {
    change_on_host("echo 1 >a; mkdir d; echo 1 >d/x; echo 1 >e; mkdir f");
    change("echo 2 >>a; echo 2 >>d/x; mv e f/e; mkdir g; echo n >g/n");
    change_on_host("rm a; rm -r d");
    expect_conflict("a", "it is gone on the host since the first run");
    expect_conflict("d", "it is gone on the host since the first run");
    EXPECT_NE(::access(host("d").c_str(), F_OK), 0);
    EXPECT_EQ(read_file(host("f/e")), "1\n");  // it was moved there
    EXPECT_EQ(read_file(host("g/n")), "n\n");
    expect_forced();
    EXPECT_EQ(read_file(host("d/x")), "1\n2\n");
}

TEST_F(ChangesConflicts, AnotherType) {
    change_on_host("echo 1 >a; mkdir d; echo 1 >d/x");
    change("echo 2 >a; echo 2 >d/x; echo 2 >d/new");
    change_on_host("rm a; mkdir a; echo 3 >a/y; rm -r d; echo 3 >d");
    expect_conflict("a", changed);
    expect_conflict("d", changed);
    EXPECT_EQ(read_file(host("a/y")), "3\n");
    EXPECT_EQ(read_file(host("d")), "3\n");
    expect_forced();
}

TEST_F(ChangesConflicts, ADirectoryInWhichSomethingCameUp) {
    change_on_host("mkdir -p d/e f; echo 1 >d/e/x; mkdir o; echo 1 >o/x");
    change("rm -r d; rm -r f; echo file >f; rm -r o; mkdir o; echo 2 >o/y");
    change_on_host("echo 3 >d/e/new; echo 3 >f/new; echo 3 >o/new");
    const Result result = verb({"apply", dir()});
    EXPECT_EQ(result.exit_status, 1) << result;
    EXPECT_NE(result.err.find(host("d") + ": the host has changed d/e"), std::string::npos) << result;
    EXPECT_NE(result.err.find(host("f") + ": " + changed), std::string::npos) << result;
    EXPECT_NE(result.err.find(host("o/new") + ": " + changed), std::string::npos) << result;
    EXPECT_EQ(read_file(host("d/e/x")), "1\n");
    EXPECT_EQ(read_file(host("o/y")), "2\n");
    EXPECT_EQ(read_file(host("o/new")), "3\n");
    EXPECT_NE(::access(host("o/x").c_str(), F_OK), 0);
    expect_forced();
}

TEST_F(ChangesConflicts, PermissionsOfADirectory) {
    change_on_host("mkdir a b; chmod 0755 a b");
    change("chmod 0700 a; echo n >a/n; echo n >b/n");
    change_on_host("chmod 0711 a");
    expect_conflict("a", "its permissions differ, and the host has changed it since the first run");
    EXPECT_EQ(read_file(host("a/n")), "n\n");
    EXPECT_EQ(read_file(host("b/n")), "n\n");
    expect_forced();
}

// What an apply has written is no change of the host's: nor what it does to other names of a file.
TEST_F(ChangesConflicts, OnesOwnWorkIsNone) {
    change_on_host("echo 1 >a; ln a b; ln a c; mkdir d; echo 1 >d/x; ln d/x d/y; ln d/x e");
    change("echo 2 >a; echo 2 >b; rm c; echo 2 >d/x; rm d/y; echo 2 >e");
    EXPECT_EQ(verb({"apply", dir(), host("a"), host("d/x")}).exit_status, 0);
    change("echo 3 >a; echo 3 >d/x");
    const Result result = verb({"apply", dir()});
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_EQ(diff(), "");
}

// Nor what goes with a directory, which had further names.
TEST_F(ChangesConflicts, WhatGoesWithADirectoryIsNone) {
    change_on_host(R"(
        for name in a e f g h i; do mkdir -p $name; echo 1 >$name/x; done; ln a/x b; ln a/x c; ln e/x k; ln f/x l; ln g/x m
        mkdir h/deep; ln h/x h/deep/y; ln h/x n; ln i/x o; ln i/x p)");
    const std::string seen = change_and_list(R"(
        rm -r a; echo 2 >b; rm c; rm -r e; echo file >e; chmod 0600 k; rm -r f; ln -s x f; rm l; rm -r g; mkdir g
        echo 2 >m; rm -r h; echo 2 >n; rm -r i; echo 2 >o; chmod 0600 p)");
    const Result result = verb({"apply", dir()});
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_EQ(result.err, "");
    EXPECT_EQ(by_path(listing()), by_path(seen));
    EXPECT_EQ(diff(), "");
}

// But what the host does to those names afterwards is: to a file of which one goes with a directory, as to any other.
TEST_F(ChangesConflicts, WhatIsChangedBehindThatIsOne) {
    change_on_host(R"(
        mkdir a c; for name in 1 2 3 4; do echo 1 >a/$name; ln a/$name b$name; ln a/$name c/$name; done; echo 1 >d; ln d e)");
    change("rm -r a; rm -r c; mkdir c; rm d");
    EXPECT_EQ(verb({"apply", dir()}).exit_status, 0);
    change_on_host("chmod 0600 b1; echo 3 >x; touch -r b2 x; echo 3 >b2; touch -r x b2; ln b3 y; chmod 0600 e");
    change("for name in b1 b2 b3 b4 e; do echo 2 >$name; done");
    for (const char* name : {"b1", "b2", "b3", "e"}) {
        expect_conflict(name, changed);
    }
    EXPECT_EQ(read_file(host("b2")), "3\n");
    EXPECT_EQ(read_file(host("b4")), "2\n");
    expect_forced();
}

// What was moved inside has another place than it had on the host, which has not changed: no conflict.
TEST_F(ChangesConflicts, WhatWasMovedInsideIsNone) {
    change_on_host(R"(
        for name in a b c e f g h k p q one two; do echo $name >$name; done; mkdir d into from open; echo o >open/o; echo x >d/x; echo y >d/y
        mkdir d/sub; echo z >d/sub/z; echo 1 >from/1; echo 2 >from/2; ln -s a link; mkfifo pipe; ln one other)");
    const std::string seen = change_and_list(R"(
        mv a moved; mv b c; mv e into/e; mkdir new; mv f new/f; mv g t; mv h g; mv t h; mv d renamed; mv from/1 from/3
        mv from/2 .; mv link into; mv pipe into; mv k K; echo more >>K; mv K new/again; mv one new/one; ln two third
        rm two; mv new/f new/f2; mv into/e e2; mkdir -p deep/er; mv new deep/er/new; chmod 0700 open; mv p open/p; mv q open/o; echo n >added; mv added added2)");
    // In three parts: what the first ones do to a directory is no change of the host's for the others.
    for (const std::vector<std::string>& paths :
         {std::vector<std::string>{host("a"), host("into"), host("renamed")}, {host("moved"), host("deep")}, {}}) {
        std::vector<std::string> words = {"apply", dir()};
        words.insert(words.end(), paths.begin(), paths.end());
        const Result result = verb(words);
        EXPECT_EQ(result.exit_status, 0) << result;
        EXPECT_EQ(result.err, "");
    }
    EXPECT_EQ(by_path(listing()), by_path(seen));
    EXPECT_EQ(diff(), "");
    // And when a later run moves it on.
    const std::string later = change_and_list(
        "mv moved on; chmod 0711 open; mv open/p open/p2; mv c into/c; mv deep/er/new/again .; mv renamed into/d");
    const Result result = verb({"apply", dir()});
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_EQ(by_path(listing()), by_path(later));
}

TEST_F(ChangesConflicts, WhatIsMountedThereStays) {
    change_on_host("mkdir d e; echo 1 >e/x");
    change("echo 2 >d/n; rm -r e");
    give_to_root_inside();
    const Result result = with_mounts(
        "mount -t tmpfs none \"$2/d\"; mount -t tmpfs none \"$2/e\"\n"
        "\"$0\" apply \"$1\" || echo $?; ls \"$2/d\"; umount \"$2/e\"; ls \"$2/e\"");
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_EQ(result.out, "1\nx\n");
    EXPECT_NE(result.err.find(host("d") + ": another file system is mounted there"), std::string::npos) << result;
    EXPECT_NE(result.err.find(host("e") + ": another file system is mounted there"), std::string::npos) << result;
}

// The command saw what was mounted, and not what lies below: at the top of an overlay and deeper. The same directory by
// way of another mount is the same.
TEST_F(ChangesConflicts, WhatIsOnAnotherFileSystemNow) {
    change_on_host("mkdir -p mounted/deep plain; echo below >mounted/below");
    const Result result = with_mounts(R"(
mount -t tmpfs none "$2/mounted"; mkdir "$2/mounted/one" "$2/mounted/two" "$2/mounted/deep"; cd "$2"
write='for d in mounted mounted/deep plain; do echo new > $d/new; done 2> /dev/null; true'
run() { "$0" --map-users real "$@" -- sh -c "$write"; }
run --overlay . --changes "$1"
run --overlay mounted/deep --changes "$1.deep"
run --overlay plain --changes "$1.plain"
umount mounted; mount -t tmpfs none plain; mkdir plain/1 plain/2
for changes in "$1" "$1.deep" "$1.plain"; do "$0" apply "$changes" || echo $?; done
run --overlay mounted/deep --changes "$1.deep" || echo $?
find mounted plain -type f
umount plain; mount --bind plain plain
"$0" apply "$1.plain"; "$0" apply --force "$1"; "$0" apply --force "$1.deep"
find mounted plain -type f | sort
"$0" discard "$1.deep"; "$0" discard "$1.plain"
)");
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_EQ(result.out, "1\n1\n1\n125\nmounted/below\nmounted/below\nmounted/deep/new\nmounted/new\nplain/new\n");
    for (const std::string name : {"mounted", "mounted/deep", "plain"}) {
        EXPECT_NE(result.err.find("sandbox: " + host(name) +
                                  ": it is on another file system than when the first run began; --force overrides\n"),
                  std::string::npos)
            << result;
    }
    EXPECT_NE(result.err.find(host("mounted/deep") + " is on another file system than in an earlier run"),
              std::string::npos)
        << result;
}

}  // namespace
}  // namespace sandbox_test
