// A directory or a file that somebody swaps for something else between two system calls of a verb: before each one that
// takes a path, in turn. What lies elsewhere is neither written to nor shown, and nobody waits.
#include "support/changes_again.hpp"
#include "support/overlays.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace sandbox_test {
namespace {

namespace fs = std::filesystem;

constexpr std::array with_path = {
    SYS_openat,    SYS_statx,     SYS_newfstatat, SYS_readlinkat,  SYS_mkdirat,  SYS_mknodat,   SYS_symlinkat,
    SYS_linkat,    SYS_renameat,  SYS_renameat2,  SYS_unlinkat,    SYS_setxattr, SYS_lsetxattr, SYS_getxattr,
    SYS_lgetxattr, SYS_listxattr, SYS_llistxattr, SYS_removexattr, SYS_fchmodat, SYS_fchownat,  SYS_utimensat,
};
constexpr unsigned most_calls = 5000;

void swap_for_link(const std::string& path, const std::string& target) {
    fs::rename(path, path + ".away");
    fs::create_symlink(target, path);
}

void swap_back(const std::string& path) {
    fs::rename(path, path + ".in-its-place");
    fs::rename(path + ".away", path);
    fs::remove_all(path + ".in-its-place");
}

class ChangesSwapped : public ChangesAgainTest {
  protected:
    [[nodiscard]] std::string outside(const std::string& name = "") const { return directory() / "outside" + name; }

    /// Runs a verb, and calls `meddle` before the `number`th of its calls that take a path. False where it has fewer.
    bool run_until(const std::vector<std::string>& words, unsigned number, const std::function<void()>& meddle) {
        const std::unique_ptr<Stepper> stepper = step_through(words);
        const auto wanted = [&](const SystemCall& call) {
            call_ = std::to_string(call.number) + " " + text_at(stepper->pid(), call.arguments[1]);
            return std::find(with_path.begin(), with_path.end(), call.number) != with_path.end();
        };
        unsigned met = 0;
        while (met < number && stepper->advance_to(wanted)) {
            ++met;
        }
        if (met == number) {
            meddle();
        }
        status_ = status_of(*stepper);
        return met == number;
    }
    [[nodiscard]] int status() const { return status_; }
    [[nodiscard]] const std::string& call() const { return call_; }

  private:
    int status_ = -1;
    std::string call_;
};

class ChangesSwappedApply : public ChangesSwapped {
  protected:
    void SetUp() override {
        ChangesSwapped::SetUp();
        if (IsSkipped() || HasFatalFailure()) {
            return;
        }
        const std::string old_tree =
            "mkdir -p d/e/gone d/e/opaque; echo 1 >d/modified; echo 1 >d/deleted\n"
            "echo 1 >d/e/modified; echo 1 >d/e/gone/x; echo 1 >d/e/opaque/x; echo 1 >top\n";
        change_on_host(old_tree + "cd ..; mkdir outside; cd outside\n" + old_tree +
                       "mv d/* .; mv e/modified e/kept; mkdir made; echo 1 >made/file; cp -a e/kept e/modified");
        change(
            "echo 2 >d/modified; rm d/deleted; echo 2 >d/e/modified; rm -r d/e/gone d/e/opaque; mkdir d/e/opaque\n"
            "mkdir d/made; echo 2 >d/made/file; ln d/made/file d/made/again; ln -s x d/made/link; echo 2 >>top");
        keep();
        ASSERT_EQ(verb({"apply", dir()}).exit_status, 0);
        after_ = tree_at(host());
        outside_ = snapshot(outside());
    }

    void judge(const std::string& path) {
        EXPECT_EQ(snapshot(outside()), outside_);
        EXPECT_TRUE(status() == 0 || status() == 1 || status() == 125) << printed();
        swap_back(path);
        const Result again = verb({"apply", dir()});
        EXPECT_EQ(again.exit_status, 0) << again;
        const Tree now = tree_at(host());
        expect_old_or_new(now, after_, after_);
        EXPECT_EQ(now.size(), after_.size());
    }

    // At each call another run.
    void at_each_call(const std::string& path, const std::function<void()>& swap) {
        unsigned number = 1;
        for (; number <= most_calls && !HasFailure(); ++number) {
            SCOPED_TRACE(path + " swapped before call " + std::to_string(number));
            start_again();
            if (!run_until({"apply", dir()}, number, swap)) {
                break;
            }
            SCOPED_TRACE(call());
            judge(path);
        }
        EXPECT_GT(number, 100U) << "the test tests nothing";
        EXPECT_LT(number, most_calls);
    }

  private:
    Tree after_;
    std::string outside_;
};

TEST_F(ChangesSwappedApply, ADirectoryForALink) {
    at_each_call(host("d"), [&] { swap_for_link(host("d"), "../outside"); });
}

TEST_F(ChangesSwappedApply, ADirectoryInOneForALink) {
    at_each_call(host("d/e"), [&] { swap_for_link(host("d/e"), outside("/e")); });
}

TEST_F(ChangesSwappedApply, TheTreeItselfForALink) {
    at_each_call(host(), [&] { swap_for_link(host(), "outside"); });
}

// What stands there is the host's tree, whatever it was; what was there keeps what it got.
TEST_F(ChangesSwappedApply, ADirectoryForAnother) {
    at_each_call(host("d"), [&] {
        fs::rename(host("d"), host("d.away"));
        fs::create_directories(host("d/e"));
        fs::create_symlink(outside("/made"), host("d/made"));
        fs::create_symlink(outside("/modified"), host("d/e/modified"));
    });
}

// So deep that the way back is looked for from below: what is moved away in the middle leads somewhere else.
class ChangesSwappedDeep : public ChangesSwapped {
  protected:
    static constexpr unsigned stride = 149;
    static std::string levels(unsigned count) {
        std::string path;
        for (unsigned i = 0; i < count; ++i) {
            path += "/d";
        }
        return path;
    }
    void SetUp() override {
        ChangesSwapped::SetUp();
        if (IsSkipped() || HasFatalFailure()) {
            return;
        }
        const std::string deep = "." + levels(75);
        change_on_host("mkdir -p gone/" + deep + " " + deep + "; echo 1 >gone/d/a; echo 1 >gone/d/d/a\n" +
                       "for d in . d d/d d/d/d d/d/d/d; do echo 1 >$d/z; done; mkdir ../outside; cd ../outside\n" +
                       "echo 1 >a; echo 1 >z; mkdir d");
        change("rm -r gone; for d in . d d/d d/d/d d/d/d/d " + deep + "; do echo 2 >$d/z; done");
        keep();
        outside_ = snapshot(outside());
    }
    /// Moves it to a place outside, and back, with an apply between and behind.
    void at_some_calls(const std::string& path, bool comes_back) {
        const std::string away = directory() / "outside/moved";
        unsigned number = 1;
        unsigned moved = 0;
        for (; number <= most_calls && !HasFailure(); number += stride) {
            SCOPED_TRACE(path + " moved before call " + std::to_string(number));
            start_again();
            bool is_moved = false;
            const auto move = [&] {
                // What is removed has another name before.
                for (const auto& entry : fs::directory_iterator(host())) {
                    const std::string top = entry.path().filename();
                    std::error_code error;
                    if (!is_moved && (top == path.substr(0, path.find('/')) ||
                                      (!comes_back && top.starts_with(".sandbox-apply-")))) {
                        fs::rename(entry.path() / path.substr(path.find('/') + 1), away, error);
                        is_moved = !error;
                    }
                }
            };
            if (!run_until({"apply", dir()}, number, move)) {
                break;
            }
            SCOPED_TRACE(call());
            moved += is_moved ? 1 : 0;
            if (is_moved && comes_back) {
                fs::remove_all(host(path));  // for all that apply could see it had never been there
                fs::rename(away, host(path));
            }
            run({"rm", "-rf", away});
            // The directory itself has had something in it.
            EXPECT_EQ(without_first_line(snapshot(outside())), without_first_line(outside_));
            if (comes_back) {
                const Result again = verb({"apply", dir()});
                EXPECT_EQ(again.exit_status, 0) << again;
                EXPECT_EQ(diff(), "");
            }
        }
        EXPECT_GT(moved, 5U) << "the test tests nothing";
        EXPECT_LT(number, most_calls);
    }

  private:
    static std::string without_first_line(const std::string& text) { return text.substr(text.find('\n')); }
    std::string outside_;
};

TEST_F(ChangesSwappedDeep, WhereItIsGoneThrough) {
    at_some_calls("d/d/d/d/d", true);
}

TEST_F(ChangesSwappedDeep, WhereItIsRemoved) {
    at_some_calls("gone/d/d/d", false);
}

class ChangesSwappedDiff : public ChangesSwapped {
  protected:
    void SetUp() override {
        ChangesSwapped::SetUp();
        if (IsSkipped() || HasFatalFailure()) {
            return;
        }
        change_on_host(
            "mkdir d; echo 1 >d/file; echo 1 >file; mkdir ../outside; cd ../outside; echo SECRET >file\n"
            "echo SECRET >SECRET; mkdir d; echo SECRET >d/file");
        // As long as that, or only the beginning of it would be read.
        change("for name in d/file file new d/new; do printf '2\n12345\n' >$name; done");
    }

    void at_each_call(const std::string& path, const std::function<void()>& swap) {
        unsigned number = 1;
        for (; number <= most_calls && !HasFailure(); ++number) {
            SCOPED_TRACE(path + " swapped before call " + std::to_string(number));
            if (!run_until({"diff", "--patch", dir()}, number, swap)) {
                break;
            }
            SCOPED_TRACE(call());
            EXPECT_TRUE(status() == 0 || status() == 1 || status() == 125) << status();
            EXPECT_EQ(printed().find("SECRET"), std::string::npos) << printed();
            swap_back(path);
        }
        EXPECT_NE(printed().find("+2\n"), std::string::npos) << printed();
        EXPECT_GT(number, 30U) << "the test tests nothing";
        EXPECT_LT(number, most_calls);
    }
    void swap_for_node(const std::string& path, mode_t type, dev_t device) {
        fs::rename(path, path + ".away");
        ASSERT_EQ(::mknod(path.c_str(), type | 0600, device), 0);
    }
};

TEST_F(ChangesSwappedDiff, AnythingForALink) {
    for (const char* name : {"d", "d/file", "file", "new"}) {
        const std::string target = outside() + (std::string(name) == "d" ? "/d" : "/file");
        at_each_call(upper(name), [&] { swap_for_link(upper(name), target); });
    }
    at_each_call(upper(), [&] { swap_for_link(upper(), outside()); });
    for (const char* name : {"d", "file"}) {
        at_each_call(host(name), [&] { swap_for_link(host(name), outside("/") + name); });
    }
    at_each_call(host(), [&] { swap_for_link(host(), outside()); });
}

// Nobody writes to it, or somebody without end.
TEST_F(ChangesSwappedDiff, AFileForAPipe) {
    for (const std::string& path : {upper("file"), host("file"), upper("d"), host("d")}) {
        at_each_call(path, [&] { swap_for_node(path, S_IFIFO, 0); });
    }
}

TEST_F(ChangesSwappedDiff, AFileForADevice) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "needs root, who can make a device node";
    }
    for (const std::string& path : {upper("file"), host("file")}) {
        at_each_call(path, [&] { swap_for_node(path, S_IFCHR, makedev(1, 5)); });
    }
}

}  // namespace
}  // namespace sandbox_test
