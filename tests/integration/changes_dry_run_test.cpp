// sandbox apply --dry-run: says what apply says then, and does nothing.
#include "support/changes.hpp"
#include "support/host.hpp"
#include "support/stepper.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace sandbox_test {
namespace {

namespace fs = std::filesystem;

// All that is known of a file but when it was read.
std::string all_of(const std::string& path) {
    struct stat found {};
    if (::lstat(path.c_str(), &found) < 0) {
        return "cannot be looked at";
    }
    std::ostringstream text;
    text << std::oct << found.st_mode << std::dec;
    for (const std::uint64_t number :
         {std::uint64_t{found.st_uid}, std::uint64_t{found.st_gid}, std::uint64_t{found.st_ino},
          std::uint64_t{found.st_nlink}, static_cast<std::uint64_t>(found.st_size),
          static_cast<std::uint64_t>(found.st_blocks), static_cast<std::uint64_t>(found.st_mtim.tv_sec),
          static_cast<std::uint64_t>(found.st_mtim.tv_nsec), static_cast<std::uint64_t>(found.st_ctim.tv_sec),
          static_cast<std::uint64_t>(found.st_ctim.tv_nsec)}) {
        text << ' ' << number;
    }
    std::array<char, 4096> names{};
    const ssize_t length = ::llistxattr(path.c_str(), names.data(), names.size());
    for (ssize_t at = 0; at < length;) {
        const std::string name = names.data() + at;
        std::array<char, 4096> value{};
        const ssize_t size = ::lgetxattr(path.c_str(), name.c_str(), value.data(), value.size());
        text << ' ' << name << '=' << std::string(value.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
        at += static_cast<ssize_t>(name.size()) + 1;
    }
    if (S_ISLNK(found.st_mode)) {
        text << " -> " << fs::read_symlink(path).native();
    } else if (S_ISREG(found.st_mode) && ::access(path.c_str(), R_OK) == 0) {
        text << ' ' << std::hash<std::string>()(read_file(path));
    }
    return text.str();
}

using Everything = std::map<std::string, std::string>;

class ChangesDryRun : public ChangesTest {
  protected:
    /// Of the host's tree and of DIR.
    [[nodiscard]] Everything everything() const {
        Everything all;
        for (const std::string& top : {host(), dir()}) {
            all[top] = all_of(top);
            for (const auto& entry :
                 fs::recursive_directory_iterator(top, fs::directory_options::skip_permission_denied)) {
                all[entry.path().native()] = all_of(entry.path().native());
            }
        }
        return all;
    }

    void start_anew() {
        run({"chmod", "-R", "u+rwX", directory().path()});
        fs::remove_all(host());
        fs::remove_all(dir());
        fs::create_directory(host());
        given_ = false;
    }
    void give_to_root_inside() {
        ChangesTest::give_to_root_inside();
        given_ = ::geteuid() != 0;
    }
    /// By who has DIR.
    [[nodiscard]] std::vector<std::string> command(const std::vector<std::string>& options = {}) const {
        std::vector<std::string> words;
        if (given_) {
            words = {"/usr/bin/unshare", "-Ur"};
        }
        words.insert(words.end(), {sandbox_binary(), "apply", dir()});
        words.insert(words.end(), options.begin(), options.end());
        return words;
    }
    [[nodiscard]] Result apply(const std::vector<std::string>& options) const { return run(command(options)); }

    /// A dry run, which leaves everything as it is.
    [[nodiscard]] Result dry_run(std::vector<std::string> options) const {
        options.insert(options.begin(), "--dry-run");
        const Everything before = everything();
        Result dry = apply(options);
        const Everything after = everything();
        for (const auto& [path, all] : before) {
            const auto found = after.find(path);
            EXPECT_EQ(found == after.end() ? "gone" : found->second, all) << path;
        }
        EXPECT_EQ(before.size(), after.size());
        return dry;
    }

    /// It says what the real one says then. Returns that.
    Result expect_agreed(const std::vector<std::string>& options = {}) {
        const Result dry = dry_run(options);
        std::vector<std::string> telling = options;
        telling.insert(telling.begin(), "--verbose");
        Result real = apply(telling);
        EXPECT_EQ(dry.exit_status, real.exit_status);
        EXPECT_EQ(dry.out, real.out);
        EXPECT_EQ(dry.err, real.err);
        return real;
    }

    [[nodiscard]] static bool has(const Result& result, const std::string& text) {
        return (result.out + result.err).find(text) != std::string::npos;
    }

    static constexpr const char* old_tree = R"(
        echo old >modified; echo x >deleted; mkdir -p tree/sub; echo y >tree/sub/a; echo z >tree/b; echo f >file
        mkdir directory; echo k >directory/kept; echo m >mode; ln -s a link; mkdir opaque; echo o >opaque/gone
        echo p >opaque/same; mkdir parent; echo c >parent/child; echo h >one; ln one two; echo both >both
        chmod 0600 both; mkdir closed; chmod 0555 closed; echo e >early; mkdir plain; echo a >attributed
        echo s >stripped; echo w >wander; echo x >three; ln three four; ln three five; mkdir was; echo 1 >was/x
        ln was/x outside; ln was/x outside2; echo 1 >many; ln many many2; ln many many3; ln many many4
        echo suid >suid; chmod 04755 suid; mkdir shared; chmod 02775 shared; echo q >swap; mkfifo pipe; ln pipe pipe2
        echo s >same; ln same same2; echo b >both1; cp -p both1 both2; echo l >left; ln left left2; mkdir -p to/be
        for name in a b c d e; do echo 1 >conflict-$name; done; mkdir -p conflicts/deep moded; echo 1 >conflicts/deep/x
        mkdir gone; echo 1 >gone/x; echo 1 >vanished; echo 1 >hard; ln hard hard2; mkdir wiped; ln hard wiped/hard3
        echo c >conflict-wiped; ln conflict-wiped wiped/x; find . -exec touch -h -d 2020-01-01 {} +)";
    static constexpr const char* new_tree = R"(
        echo new >>modified; rm deleted; rm -r tree; rm file; mkdir -p file/in/deep; echo in >file/in/deep/x
        rm -r directory; echo f >directory; chmod 0600 mode; ln -sfn b link; rm -r opaque; mkdir opaque
        echo p >opaque/same; echo n >opaque/new; mkdir opaque/sub; echo d >>parent/child; mkdir -p added/below/empty
        echo n >added/file; ln added/file added/again; ln added/file elsewhere; ln -s x added/link; mkfifo added/fifo
        echo i >>one; echo i >two; chmod 0640 both; touch -d 2002-02-02 both; chmod 0755 closed; echo c >closed/in
        chmod 0555 closed; chmod 0700 plain; echo n >early; touch -d 2001-01-01 attributed; mv wander to/be/wandered
        chmod 0600 three; chmod 0600 four; echo t >five; rm -r was; echo 2 >outside; chmod 0600 outside2
        echo 2 >many; rm many2; echo 2 >many3; echo 2 >many4; echo evil >>suid; chmod 04755 suid
        mkdir shared/sub setgid; chmod 02755 setgid; mkdir setgid/below; echo u >new-suid; chmod 04711 new-suid
        echo u >new-sgid; chmod 06711 new-sgid; mv swap t; mv both swap; mv t both; chmod 0600 pipe
        ln same zebra; ln same ahead; ln -f both1 both2; ln -f left left3; rm left2; ln to/be/wandered to/linked
        for name in a b; do echo 2 >conflict-$name; done; rm conflict-c; chmod 0600 conflict-d; rm conflict-e
        mkdir conflict-e; echo 2 >conflict-e/x; rm -r conflicts; chmod 0711 moded; echo n >moded/new; echo 2 >gone/x
        echo 2 >vanished; echo 2 >appeared; mkdir appeared-directory; echo 2 >appeared-directory/x; chmod 0600 hard2
        rm -r wiped; echo 2 >hard; echo 2 >conflict-wiped; chmod 0711 .; touch -d 1999-01-01 added; chmod 0500 added/below)";
    // What the host does meanwhile.
    static constexpr const char* meanwhile = R"(
        for name in a c d e; do echo 3 >>conflict-$name; done; echo 3 >conflicts/deep/more; chmod 0700 moded; rm -r gone
        rm vanished; echo 3 >appeared; mkdir appeared-directory; echo 3 >appeared-directory/x; echo 3 >appeared-directory/y
        echo 3 >>conflict-wiped)";
    /// All there is, and what no run leaves.
    void make_everything() {
        change_on_host(old_tree);
        ASSERT_EQ(::lsetxattr(host("stripped").c_str(), "user.old", "o", 1, 0), 0);
        change(std::string(new_tree) + "; chmod 0600 stripped");
        ASSERT_EQ(::lremovexattr(upper("stripped").c_str(), "user.old"), 0);
        mark("attributed", "user.colour", "red");
        mark("three", "user.note", "t");
        mark("four", "user.note", "t");
        mark("added", "user.shape", "round");
        mark("plain", "user.shape", "flat");
        craft("mkdir redirected; echo m >metacopy; : >white");
        mark("redirected", "user.overlay.redirect", "/etc");
        mark("metacopy", "user.overlay.metacopy", "");
        mark("white", "user.overlay.whiteout", "y");
        if (::geteuid() == 0) {
            craft("chown -h 4242:4242 parent/child added/link mode three; echo c >capable; chown 4242 moded");
            mark("capable", "security.capability", std::string("\1\0\0\2\0\40\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20));
            ASSERT_EQ(::mknod(upper("device").c_str(), S_IFBLK | 0666, makedev(7, 0)), 0);
        }
        change_on_host(meanwhile);
    }

  private:
    bool given_ = false;  ///< DIR, to root of `unshare -Ur`
};

TEST_F(ChangesDryRun, SaysWhatApplyDoesThen) {
    make_everything();
    EXPECT_EQ(expect_agreed({host("early"), host("added/file"), host("many"), host("three")}).exit_status, 0);
    expect_agreed({host("file/in"), host("wiped"), host("conflict-e/x"), host("setgid/below")});
    const Result all = expect_agreed();
    EXPECT_NE(all.exit_status, 0);
    for (const char* name : {"conflict-a", "conflict-c", "conflict-d", "conflict-e", "conflicts", "moded", "gone",
                             "vanished", "appeared", "appeared-directory/x", "redirected", "metacopy", "white"}) {
        EXPECT_TRUE(has(all, "sandbox: " + host(name) + ": ")) << name << all;
    }
    for (const char* name : {"modified", "tree/", "opaque/new", "added/again", "closed/in", "outside", "zebra"}) {
        EXPECT_TRUE(has(all, "  " + host(name) + "\n")) << name << all;
    }
    EXPECT_TRUE(has(all, host("suid") + ": put on the host without set-user-id (--keep-setuid)")) << all;
    if (::geteuid() == 0) {
        EXPECT_TRUE(has(all, host("device") + ": device nodes are not put on the host")) << all;
        EXPECT_TRUE(has(all, host("capable") + ": put on the host without capabilities")) << all;
    }
    expect_agreed();
    expect_agreed({"--keep-setuid"});
    expect_agreed({"--keep-setuid", "--keep-capabilities"});
    EXPECT_TRUE(has(expect_agreed({"--force"}), "modified  " + host("conflict-a")));
    expect_agreed({"--force", "--keep-setuid", "--keep-capabilities"});
    expect_agreed({"--force", "--keep-setuid", "--keep-capabilities"});
    // And when a later run goes on.
    change("echo 9 >many3; rm -r added; mkdir added; echo 9 >added/new; mv setgid moved; rm suid; ln -s x suid");
    craft("rm -r redirected metacopy white; rm -f device");
    expect_agreed();
    EXPECT_EQ(expect_agreed({"--keep-setuid", "--keep-capabilities"}).exit_status, 0);
}

TEST_F(ChangesDryRun, AllAtOnceAndForced) {
    make_everything();
    expect_agreed({"--force", "--keep-setuid", "--keep-capabilities"});
    expect_agreed();
}

// The order of the names decides what is left of a file with several.
TEST_F(ChangesDryRun, FilesWithSeveralNames) {
    change_on_host(R"(
        for n in a b c d e f g h i; do echo $n >$n; chmod 0644 $n; for m in 1 2 3; do ln $n $n$m; done; done
        mkdir 0 z; ln a 0/a; ln b z/b; ln c 0/c; ln i 0/i; ln d z/d; for n in p q; do echo $n >$n; ln $n ${n}9; done)");
    change(R"(
        echo 2 >a; echo 2 >a1; echo 2 >a2; echo 2 >a3; rm -r 0; chmod 0600 b; chmod 0600 b1; chmod 0640 b2; rm b3; rm -r z
        echo 2 >c; rm c1 c2; echo 2 >c3; rm d d1 d2; chmod 0600 d3; touch -d 2001-01-01 e e1; echo 2 >e2; echo 2 >e3
        ln -f f f1; ln -f f f2; echo 2 >f3; chmod 0600 g; ln -f g g1; ln -f g g4; echo 2 >g2; echo 2 >g3
        rm h; mkdir h; ln h1 h/new; echo 2 >h2; echo 2 >h3; ln -f p q; ln -f p q9; echo 2 >p9)");
    EXPECT_EQ(expect_agreed().exit_status, 0);
    expect_agreed();
    // One of which a name has gone with a directory.
    change("touch -d 2001-01-01 i; touch -d 2002-02-02 i1; chmod 0600 i2; echo 2 >i3");
    EXPECT_EQ(expect_agreed().exit_status, 0);
}

// Deeper than there are descriptors held, on both sides of where the host's tree ends.
TEST_F(ChangesDryRun, DeepTrees) {
    change_on_host(R"(i=0; while [ $i -lt 90 ]; do mkdir d; echo $i >file; cd -P d; i=$((i + 1)); done; echo f >e)");
    change(R"(
        i=0; while [ $i -lt 90 ]; do cd -P d; [ $((i % 3)) -gt 0 ] || { echo n >../new; rm ../file; }; i=$((i + 1)); done
        rm e; mkdir e; cd e; i=0; while [ $i -lt 90 ]; do mkdir d; echo $i >x; cd -P d; i=$((i + 1)); done)");
    const Result all = expect_agreed();
    EXPECT_EQ(all.exit_status, 0) << all;
    EXPECT_EQ(std::count(all.out.begin(), all.out.end(), '\n'), 30 + 30 + 1 + 90 + 90);
    EXPECT_EQ(diff(), "");
}

// Of the stops in the life of the one before, some.
TEST_F(ChangesDryRun, WhatAKilledApplyHasWrittenIsDone) {
    constexpr unsigned points = 12;
    unsigned stops = 0;
    for (unsigned point = 0; point <= points && !HasFailure(); ++point) {
        start_anew();
        make_everything();
        give_to_root_inside();
        if (point == 0) {
            stops = count_stops(command());
            continue;
        }
        SCOPED_TRACE("killed at stop " + std::to_string(point * stops / (points + 1)) + " of " + std::to_string(stops));
        {
            Stepper killed(command());
            killed.advance(point * stops / (points + 1));
            killed.kill_program();
            killed.wait();
        }
        const Result real = expect_agreed();
        EXPECT_FALSE(has(real, ".sandbox-apply-")) << real;
        expect_agreed({"--force"});
    }
}

// A temporary file that is left counts as gone: in a directory that is removed, and in one that hides it.
TEST_F(ChangesDryRun, WhatAKilledApplyHasLeftIsNoConflict) {
    for (const std::string name : {"removed", "opaque"}) {
        start_anew();
        change_on_host("mkdir removed opaque; echo a >removed/a; echo b >opaque/b");
        change("echo n >" + name + "/new");
        give_to_root_inside();
        {
            Stepper killed(command());
            ASSERT_TRUE(killed.advance_to([](const SystemCall& call) {
                return call.number == SYS_openat && (call.arguments[2] & O_CREAT) != 0 &&
                       (call.arguments[2] & O_EXCL) != 0;
            }));
            killed.step();
            killed.kill_program();
            killed.wait();
        }
        const auto left = [&] {
            const fs::directory_iterator entries(host(name));
            return std::count_if(fs::begin(entries), fs::end(entries), [](const fs::directory_entry& entry) {
                return entry.path().native().find(".sandbox-apply-") != std::string::npos;
            });
        };
        ASSERT_EQ(left(), 1);
        change("rm -r removed opaque; mkdir opaque; echo c >opaque/c");
        const Result dry = dry_run({});
        EXPECT_EQ(left(), 1);
        const Result real = expect_agreed();
        EXPECT_EQ(real.exit_status, 0) << real;
        EXPECT_EQ(real.out, "deleted   " + host("opaque/b") + "\nadded     " + host("opaque/c") + "\ndeleted   " +
                                host("removed") + "/\n");
        EXPECT_EQ(dry.out, real.out);
    }
}

TEST_F(ChangesDryRun, WorksWhereNothingCanBeWritten) {
    make_everything();
    ASSERT_EQ(verb({"apply", dir(), host("early")}).exit_status, 0);  // so that there is a journal, to be sorted
    give_to_root_inside();
    const Result writable = dry_run({});
    const std::string script = R"(
        mount --bind "$TREE" "$TREE"; mount -o remount,bind,ro "$TREE"
        mount --bind "$DIR" "$DIR"; mount -o remount,bind,ro "$DIR"
        if touch "$TREE/x" 2>/dev/null || touch "$DIR/x" 2>/dev/null; then exit 77; fi
        "$SANDBOX" apply --dry-run "$DIR" || exit $?)";
    const Result read_only = on_host_of_its_own(script, {.set = {{"TREE", host()}, {"DIR", dir()}}});
    EXPECT_EQ(read_only.exit_status, writable.exit_status);
    EXPECT_EQ(read_only.out, writable.out);
    EXPECT_EQ(read_only.err, writable.err);
    EXPECT_NE(read_only.out, "");
}

TEST_F(ChangesDryRun, IsOneThatLooks) {
    change("echo a >a");
    const std::string lock = dir() + "/lock";
    const std::vector<std::string> words = {sandbox_binary(), "apply", "--dry-run", dir()};
    std::vector<std::string> shared = {"flock", "--shared", lock};
    shared.insert(shared.end(), words.begin(), words.end());
    EXPECT_EQ(run(shared).out, "added     " + host("a") + "\n");
    std::vector<std::string> exclusive = {"flock", lock};
    exclusive.insert(exclusive.end(), words.begin(), words.end());
    const Result refused = run(exclusive);
    EXPECT_EQ(refused.exit_status, 125) << refused;
    EXPECT_TRUE(has(refused, "a run or a verb is using it")) << refused;
    // Nor is one made where it is missing, as in a copy.
    ASSERT_EQ(::unlink(lock.c_str()), 0);
    EXPECT_EQ(dry_run({}).out, "added     " + host("a") + "\n");
    EXPECT_EQ(expect_agreed().exit_status, 0);
    EXPECT_EQ(expect_agreed().err, "sandbox: nothing to do: the host has all of it\n");
}

TEST_F(ChangesDryRun, WhatIsMisusedOrUnfitFails) {
    change("echo a >a; echo b >b");
    EXPECT_EQ(dry_run({host("slip")}).exit_status, 125);
    EXPECT_EQ(dry_run({"/etc"}).exit_status, 125);
    EXPECT_EQ(verb({"apply", "--dry-run"}).exit_status, 125);
    EXPECT_EQ(verb({"apply", "--dry-run=x", dir()}).exit_status, 125);
    for (const char* name : {"journal", "pending"}) {
        ASSERT_EQ(::symlink("/etc/passwd", (dir() + "/" + name).c_str()), 0);
        const Result dry = dry_run({});
        EXPECT_EQ(dry.exit_status, 125) << dry;
        EXPECT_EQ(dry.err, verb({"apply", dir()}).err);
        ASSERT_EQ(::unlink((dir() + "/" + name).c_str()), 0);
    }
    // What is none knows nothing, and is not begun anew.
    write_file(dir() + "/journal", std::string(300, '\x1b'));
    write_file(dir() + "/pending", "4 /etc");
    ::chmod((dir() + "/journal").c_str(), 0644);
    EXPECT_EQ(dry_run({}).out, "added     " + host("a") + "\nadded     " + host("b") + "\n");
    EXPECT_EQ(expect_agreed().exit_status, 0);
}

TEST_F(ChangesDryRun, NamesDriveNoTerminal) {
    const std::string names = R"(
        e=$(printf '\033]0;x\007\nadded etc'); c=$(printf '\302\233\177'); d=$(printf 'd\033[2J\n'))";
    change_on_host(names + R"(; echo 1 >"$e"; mkdir "$c"; echo 1 >"$c/$e")");
    change(names + R"(; echo 2 >"$e"; rm "$c/$e"; ln -s "$e" link; mkdir -p "$d/$c"; echo x >"$d/$c/$e"
        chmod 04755 "$d/$c/$e"; mkdir "m$e")");
    craft(R"(for name in m*; do mv "$name" marked; mv marked "$name"; done; e=$(printf '\033m'); mkdir "$e")");
    mark("\033m", "user.overlay.redirect", "\033[2J");
    change_on_host(names + R"(; echo 3 >"$e"; echo 3 >"$c/$e")");
    for (const std::vector<std::string>& options : {std::vector<std::string>{}, {"--force"}, {"--keep-setuid"}}) {
        const Result dry = dry_run(options);
        EXPECT_NE(dry.exit_status, 0) << dry;
        EXPECT_NE(dry.out, "");
        EXPECT_NE(dry.err, "");
        for (const char* drives : {"\033", "\007", "\302\233", "\177", "\nadded etc"}) {
            EXPECT_FALSE(has(dry, drives)) << dry;
        }
    }
    expect_agreed();
}

}  // namespace
}  // namespace sandbox_test
