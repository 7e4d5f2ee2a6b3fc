// sandbox apply with each of the calls by which it writes: once there is no room for it, once there is none from it on,
// and once the process is killed there. Whatever it was, every file is the old one or the new one, and the next apply
// does the rest.
#include "support/changes_again.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <memory>
#include <string>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace sandbox_test {
namespace {

enum class Fault { once, from_there_on, killed };

/// How an apply with a fault has gone.
struct Outcome {
    bool met = false;  ///< there was such a call
    std::string call;
    int status = -1;
    std::string text;
};

constexpr std::array by_name = {
    SYS_mkdirat,  SYS_mknodat,   SYS_symlinkat,   SYS_linkat,   SYS_renameat, SYS_renameat2, SYS_unlinkat,
    SYS_setxattr, SYS_lsetxattr, SYS_removexattr, SYS_fchmodat, SYS_fchownat, SYS_utimensat,
};
constexpr std::array by_descriptor = {
    SYS_write,     SYS_pwrite64,  SYS_writev, SYS_pwritev, SYS_copy_file_range, SYS_sendfile,  SYS_ftruncate,
    SYS_fallocate, SYS_fsetxattr, SYS_fchmod, SYS_fchown,  SYS_fsync,           SYS_fdatasync, SYS_fremovexattr,
};

#if defined(SYS_chmod)
constexpr std::array old_names = {SYS_chmod, SYS_rename, SYS_mkdir, SYS_unlink, SYS_rmdir};
#else
constexpr std::array<long, 0> old_names = {};
#endif

template <class Calls>
bool is_one_of(const Calls& calls, long number) {
    return std::find(calls.begin(), calls.end(), number) != calls.end();
}

class ChangesEveryCall : public ChangesAgainTest {
  protected:
    static constexpr const char* old_tree = R"(
        echo old >modified; echo x >deleted; mkdir -p tree/sub; echo y >tree/sub/a; ln tree/sub/a kin; echo f >file; mkdir directory
        echo k >directory/kept; echo m >mode; ln -s a link; echo e >early; mkdir opaque; echo o >opaque/gone
        echo p >opaque/same; mkdir parent; echo c >parent/child; echo h >one; ln one two; echo both >both
        chmod 0600 both; mkdir closed; chmod 0555 closed; echo t >touched; mkdir plain; echo a >attributed
        echo s >stripped; echo w >wander; echo w >walker; echo r >roamer; mkdir twofold; echo x >three; ln three four
        find . -exec touch -h -d 2020-01-01 {} +)";
    static constexpr const char* new_tree = R"(
        echo new >>modified; echo n >early; rm deleted; rm -r tree; echo k >kin; rm file; mkdir file; echo in >file/in
        rm -r directory; echo f >directory; chmod 0600 mode; ln -sfn b link; rm -r opaque; mkdir opaque
        echo p >opaque/same; echo n >opaque/new; echo d >>parent/child; mkdir -p added/below
        head -c 300000 /dev/urandom >added/file; ln added/file added/again; ln -s x added/link
        mkfifo -m 0620 added/fifo; echo i >>one; rm two; chmod 0640 both; touch -d 2002-02-02 both
        chmod 0755 closed; echo c >closed/in; chmod 0555 closed; touch -d 2001-01-01 touched; chmod 0700 plain
        echo b >>attributed; : >>stripped; truncate -s 8M sparse
        printf x | dd of=sparse bs=1 seek=5M conv=notrunc status=none; chmod 0711 .; mv roamer roamed; mv wander wandered; mv walker added/walker
        chmod 0700 twofold; mv wandered twofold/wandered; chmod 0600 three four
        touch -d 2003-03-03 three four
        chmod 0500 added/below)";

    void SetUp() override {
        ChangesAgainTest::SetUp();
        if (IsSkipped() || HasFatalFailure()) {
            return;
        }
        change_on_host(old_tree);
        ASSERT_EQ(::lsetxattr(host("stripped").c_str(), "user.old", "o", 1, 0), 0);
        const std::string seen = change_and_list(new_tree);
        ASSERT_EQ(::lremovexattr(upper("stripped").c_str(), "user.old"), 0);
        mark("attributed", "user.colour", "red");
        mark("added", "user.shape", "round");
        mark("touched", "user.note", "t");
        mark("twofold", "user.note", "t");
        mark("three", "user.note", "t");
        mark("four", "user.note", "t");
        // So that there is a journal that the next apply has to sort.
        ASSERT_EQ(verb({"apply", dir(), host("early")}).exit_status, 0);
        before_ = tree_at(host());
        keep();
        const Result result = verb({"apply", dir()});
        ASSERT_EQ(result.exit_status, 0) << result;
        ASSERT_EQ(by_path(listing()), by_path(seen));
        after_ = tree_at(host());
    }

    // What stays the same directory, or the same file with two names, is changed in place: a part after the other.
    static Tree whole(Tree tree) {
        for (const char* name : {"twofold", "three", "four"}) {
            tree.erase(name);
        }
        return tree;
    }

    // Only files: what goes through a pipe or to a terminal takes no room.
    static bool is_file(pid_t pid, std::uint64_t descriptor) {
        char target[16] = {};
        const std::string link = "/proc/" + std::to_string(pid) + "/fd/" + std::to_string(descriptor);
        return descriptor > 2 && ::readlink(link.c_str(), target, sizeof target) > 0 && target[0] == '/';
    }
    static bool writes(pid_t pid, const SystemCall& call) {
        switch (call.number) {
            case SYS_openat:
                return (call.arguments[2] & O_CREAT) != 0;
            case SYS_ioctl:
                return (call.arguments[1] & 0xffffffffU) == FICLONE;
            default:
                return is_one_of(by_name, call.number) || is_one_of(old_names, call.number) ||
                       (is_one_of(by_descriptor, call.number) && is_file(pid, call.arguments[0]));
        }
    }
    static std::string name_of(pid_t pid, const SystemCall& call) {
        const std::string number = "call " + std::to_string(call.number);
        return is_one_of(by_descriptor, call.number) || call.number == SYS_ioctl
                   ? number + " of " + std::to_string(call.arguments[0])
                   : number + " " + text_at(pid, call.arguments[is_one_of(old_names, call.number) ? 0 : 1]);
    }

    [[nodiscard]] Outcome apply_with(Fault fault, unsigned number) const {
        Outcome outcome;
        const std::unique_ptr<Stepper> apply = step_through({"apply", dir()});
        const auto writing = [&](const SystemCall& call) {
            if (!writes(apply->pid(), call)) {
                return false;
            }
            outcome.call = name_of(apply->pid(), call);
            return true;
        };
        unsigned met = 0;
        while (met < number && apply->advance_to(writing)) {
            ++met;
        }
        outcome.met = met == number;
        if (outcome.met && fault == Fault::killed) {
            apply->kill_program();
        } else if (outcome.met) {
            const std::string first = outcome.call;
            apply->fail_call(ENOSPC);
            while (fault == Fault::from_there_on && apply->advance_to(writing)) {
                apply->fail_call(ENOSPC);
            }
            outcome.call = first;
        }
        outcome.status = status_of(*apply);
        outcome.text = printed();
        return outcome;
    }

    // Of what could not be written, and why.
    void expect_explained(const Outcome& outcome) const {
        EXPECT_TRUE(outcome.status == 125 || outcome.status == 0) << outcome.text;
        if (outcome.status == 0) {
            expect_same(tree_at(host()), after_);  // by another way
            EXPECT_EQ(outcome.text, "");
            return;
        }
        EXPECT_TRUE(outcome.text.starts_with("sandbox: cannot ")) << outcome.text;
        EXPECT_NE(outcome.text.find(": No space left on device\n  fix: make room"), std::string::npos) << outcome.text;
        EXPECT_TRUE(outcome.text.find(host()) != std::string::npos || outcome.text.find(dir()) != std::string::npos)
            << outcome.text;
    }

    void expect_the_rest_done() {
        const Result again = verb({"apply", dir()});
        EXPECT_EQ(again.exit_status, 0) << again;
        EXPECT_TRUE(again.err.empty() || again.err == "sandbox: nothing to do: the host has all of it\n") << again;
        expect_same(tree_at(host()), after_);
        struct stat sparse {};
        EXPECT_EQ(::lstat(host("sparse").c_str(), &sparse), 0);
        EXPECT_LT(sparse.st_blocks, 2048);
        EXPECT_EQ(diff(), "");
    }

    void try_each_call(Fault fault) {
        constexpr unsigned most = 2000;
        unsigned failed = 0;
        unsigned number = 1;
        for (; number <= most && !HasFailure(); ++number) {
            start_again();
            const Outcome outcome = apply_with(fault, number);
            if (!outcome.met) {
                break;
            }
            SCOPED_TRACE("at writing call " + std::to_string(number) + ": " + outcome.call);
            expect_old_or_new(whole(tree_at(host())), whole(before_), whole(after_));
            if (fault == Fault::killed) {
                EXPECT_EQ(outcome.status, ::geteuid() == 0 ? 128 + SIGKILL : 125) << outcome.text;
            } else {
                expect_explained(outcome);
            }
            failed += outcome.status == 0 ? 0 : 1;
            expect_the_rest_done();
        }
        RecordProperty("calls", static_cast<int>(number - 1));
        EXPECT_GT(failed, 100U) << "the tree asks for more calls: the test tests nothing";
        EXPECT_LT(number, most);
    }

    [[nodiscard]] const Tree& after() const { return after_; }

  private:
    Tree before_;
    Tree after_;
};

TEST_F(ChangesEveryCall, HasNoRoom) {
    try_each_call(Fault::once);
}

TEST_F(ChangesEveryCall, HasNoRoomFromThereOn) {
    try_each_call(Fault::from_there_on);
}

TEST_F(ChangesEveryCall, IsTheLast) {
    try_each_call(Fault::killed);
}

// What it puts on the host is not the upper's then, and no later change of the host's either.
TEST_F(ChangesEveryCall, IsTheLastOfOneWhoMayNotGiveFiles) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "needs root, who can give a file away in the first place";
    }
    start_again();
    for (const char* name : {"modified", "added", "added/file", "added/link", "link", "opaque/new"}) {
        ASSERT_EQ(::lchown(upper(name).c_str(), 4242, 4242), 0) << name;
    }
    run({"rm", "-rf", kept()});
    keep();
    const std::vector<std::string> apply = {"/usr/bin/unshare", "--user", "--map-root-user",
                                            sandbox_binary(),   "apply",  dir()};
    constexpr unsigned most = 2000;
    unsigned number = 1;
    for (; number <= most && !HasFailure(); ++number) {
        SCOPED_TRACE("at writing call " + std::to_string(number));
        start_again();
        {
            Stepper stepper(apply);
            unsigned met = 0;
            while (met < number &&
                   stepper.advance_to([&](const SystemCall& call) { return writes(stepper.pid(), call); })) {
                ++met;
            }
            if (met < number) {
                break;
            }
            stepper.kill_program();
        }
        const Result again = run(apply);
        EXPECT_EQ(again.exit_status, 0) << again;
        expect_same(tree_at(host()), after());
    }
    EXPECT_GT(number, 100U);
    EXPECT_LT(number, most);
}

}  // namespace
}  // namespace sandbox_test
