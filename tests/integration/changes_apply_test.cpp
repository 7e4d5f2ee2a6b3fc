// sandbox apply: the host becomes what the command saw, exactly, and nothing else happens to it.
#include "support/changes.hpp"
#include "support/ids.hpp"

#include "changes/record.hpp"

#include <string>

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace sandbox_test {
namespace {

class ChangesApply : public ChangesTest {
  protected:
    void expect_applied(const std::vector<std::string>& options = {}) {
        std::vector<std::string> words = {"apply", dir()};
        words.insert(words.end(), options.begin(), options.end());
        const Result result = verb(words);
        EXPECT_EQ(result.exit_status, 0) << result;
        EXPECT_EQ(result.out + result.err, "");
    }
    void expect_nothing_to_do() {
        const Result result = verb({"apply", dir()});
        EXPECT_EQ(result.exit_status, 0) << result;
        EXPECT_NE(result.err.find("sandbox: nothing to do"), std::string::npos) << result;
    }
    [[nodiscard]] struct stat status(const std::string& name) const {
        struct stat found {};
        EXPECT_EQ(::lstat(host(name).c_str(), &found), 0) << name;
        return found;
    }
};

TEST_F(ChangesApply, TheHostBecomesWhatTheCommandSaw) {
    change_on_host(R"(
        echo old >modified; echo x >deleted; mkdir -p tree/sub; echo y >tree/sub/a; echo z >file; mkdir directory
        echo k >directory/kept; echo m >mode; chmod 0644 mode; ln -s a link; echo t >touched; mkdir opaque
        echo o >opaque/gone; echo p >opaque/same; mkdir parent; echo c >parent/child; echo q >parent/other
        chmod 0755 parent; mkdir changed; echo both >both; chmod 0600 both)");
    const std::string seen = change_and_list(R"(
        echo new >>modified; rm deleted; rm -r tree; rm file; mkdir file; echo in >file/in; rm -r directory
        echo f >directory; chmod 0600 mode; ln -sfn b link; touch -d 2001-01-01T01:02:03.123456789 touched
        rm -r opaque; mkdir opaque; echo p >opaque/same; echo n >opaque/new; echo d >>parent/child
        mkdir -p added/below/empty; echo n >added/file; mkfifo -m 0620 added/fifo; ln -s /etc/passwd added/link
        chmod 0500 added/below; chmod 0711 changed; chmod 0640 both; touch -d 2002-02-02 both
        echo moved >moved; mkdir into; mv moved into/; mv touched into/touched; n=$(printf 'a\nb\033'); echo e >"$n"
        touch -d 1999-01-01Z added)");
    expect_applied();
    EXPECT_EQ(by_path(listing()), by_path(seen));
    EXPECT_EQ(status("added").st_mtim.tv_sec, 915'148'800);
    EXPECT_EQ(diff(), "");
    expect_nothing_to_do();
}

TEST_F(ChangesApply, HardLinksSparseFilesAndAttributesStay) {
    change_on_host(R"(
        echo one >one; ln one two; echo x >attributed; echo m >moded; echo m >moded2; chmod 0644 moded moded2
        echo s >same; echo b >both1; cp -p both1 both2)");
    change(R"(
        echo a >a; ln a b; mkdir d; ln a d/c; truncate -s 64M sparse
        printf x | dd of=sparse bs=1 seek=40M conv=notrunc status=none; echo changed >>one; echo y >>attributed
        chmod 0600 moded; ln moded later; chmod 0600 moded2; ln moded2 z
        ln same ahead; ln same zebra; ln -f both1 both2)");
    mark("attributed", "user.colour", "red");
    mark("d", "user.shape", std::string("\0\n", 2));
    expect_applied();
    EXPECT_EQ(status("a").st_ino, status("d/c").st_ino);
    EXPECT_EQ(status("a").st_nlink, 3U);
    EXPECT_EQ(status("b").st_ino, status("a").st_ino);
    EXPECT_EQ(status("moded").st_ino, status("later").st_ino);
    EXPECT_EQ(status("moded2").st_ino, status("z").st_ino);
    EXPECT_EQ(status("same").st_ino, status("ahead").st_ino);
    EXPECT_EQ(status("same").st_ino, status("zebra").st_ino);
    EXPECT_EQ(status("both1").st_ino, status("both2").st_ino);
    EXPECT_EQ(status("sparse").st_size, 64 << 20);
    EXPECT_LT(status("sparse").st_blocks, 2048);
    EXPECT_EQ(read_file(host("one")), "one\nchanged\n");
    EXPECT_EQ(read_file(host("two")), "one\n");
    char value[16];
    EXPECT_EQ(::lgetxattr(host("attributed").c_str(), "user.colour", value, sizeof value), 3);
    EXPECT_EQ(::lgetxattr(host("d").c_str(), "user.shape", value, sizeof value), 2);
    EXPECT_LT(::lgetxattr(host("attributed").c_str(), "user.overlay.origin", value, sizeof value), 0);
    EXPECT_EQ(diff(), "");
    expect_nothing_to_do();
}

TEST_F(ChangesApply, AnOpaqueDirectoryRemovesWhatItHides) {
    change_on_host("mkdir -p d/sub; echo a >d/a; echo b >d/b; echo x >d/sub/x");
    craft("mkdir d; echo c >d/c; cp -p " + host("d/b") + " d/b");
    mark("d", "user.overlay.opaque", "y");
    expect_applied();
    EXPECT_EQ(by_path(listing()).size(), 3U) << listing();
    EXPECT_EQ(read_file(host("d/b")), "b\n");
}

TEST_F(ChangesApply, PathsChoose) {
    change_on_host("mkdir a; echo 1 >a/x; echo 1 >a/y; mkdir gone; echo 1 >gone/x");
    change("echo 2 >a/x; echo 2 >a/y; mkdir -p n/m; chmod 0751 n; echo 2 >n/m/x; echo 2 >n/m/y; rm -r gone");
    expect_applied({host("a/x"), host("n/m/x")});
    EXPECT_EQ(read_file(host("a/x")), "2\n");
    EXPECT_EQ(read_file(host("a/y")), "1\n");
    EXPECT_EQ(read_file(host("n/m/x")), "2\n");
    EXPECT_EQ(status("n").st_mode & 07777U, 0751U);
    EXPECT_NE(::access(host("n/m/y").c_str(), F_OK), 0);
    EXPECT_EQ(diff(), "modified  a/y\ndeleted   gone/\nadded     n/m/y\n");
    // Nothing is made on the way to nothing.
    for (const char* nothing : {"q/r/s", "n/none/x"}) {
        EXPECT_EQ(verb({"apply", dir(), host(nothing)}).exit_status, 125);
    }
    EXPECT_NE(::access(host("q").c_str(), F_OK), 0);
    EXPECT_NE(::access(host("n/none").c_str(), F_OK), 0);
    expect_applied();
    EXPECT_EQ(diff(), "");
}

TEST_F(ChangesApply, ARunGoesOnAfterIt) {
    change_on_host("echo 1 >a; echo 1 >b; mkdir d; echo 1 >d/x");
    change("echo 2 >a; echo 2 >d/x; echo 2 >new");
    expect_applied();
    const std::string seen = change_and_list("echo 3 >a; chmod 0700 d; rm b; rm new; rm -r d; mkdir d; echo 3 >d/y");
    expect_applied();
    EXPECT_EQ(by_path(listing()), by_path(seen));
    expect_nothing_to_do();
}

TEST_F(ChangesApply, SetIdBitsAreDroppedByName) {
    change_on_host(
        "echo s >suid; chmod 04755 suid; echo t >touched; chmod 04755 touched; mkdir shared; chmod 02775 shared");
    change(R"(echo x >a; chmod 04755 a; echo y >b; chmod 02711 b; echo evil >>suid; chmod 04755 suid
              mkdir d; chmod 02755 d; touch -d 2001-01-01Z touched; chmod 04755 touched; mkdir shared/sub)");
    const Result result = verb({"apply", "--verbose", dir()});
    EXPECT_EQ(result.exit_status, 0) << result;
    // What is told is what the host gets.
    EXPECT_EQ(result.out, "added     " + host("a") + "\nadded     " + host("b") + "\nadded     " + host("d") +
                              "/\nadded     " + host("shared/sub") + "/ (2755)\nmodified  " + host("suid") +
                              " (4755 -> 0755)\nmode      " + host("touched") + " (time)\n");
    EXPECT_EQ(result.err, "sandbox: " + host("a") + ": put on the host without set-user-id (--keep-setuid)\n" +  //
                              "sandbox: " + host("b") + ": put on the host without set-group-id (--keep-setuid)\n" +
                              "sandbox: " + host("d") + ": put on the host without set-group-id (--keep-setuid)\n" +
                              "sandbox: " + host("suid") + ": put on the host without set-user-id (--keep-setuid)\n");
    EXPECT_EQ(status("a").st_mode & 07777U, 0755U);
    EXPECT_EQ(status("b").st_mode & 07777U, 0711U);
    EXPECT_EQ(status("d").st_mode & 07777U, 0755U);
    EXPECT_EQ(status("suid").st_mode & 07777U, 0755U);
    EXPECT_EQ(status("touched").st_mode & 07777U, 04755U);  // it is the host's own
    EXPECT_EQ(status("touched").st_mtim.tv_sec, 978'307'200);
    EXPECT_EQ(status("shared/sub").st_mode & 07777U, 02755U);
    const Result again = verb({"apply", dir()});
    EXPECT_EQ(again.exit_status, 0) << again;
    EXPECT_NE(again.err.find("sandbox: nothing else to do"), std::string::npos) << again;
    EXPECT_EQ(again.err.find("has all of it"), std::string::npos) << again;
    const Result kept = verb({"apply", dir(), "--keep-setuid"});
    EXPECT_EQ(kept.exit_status, 0) << kept;
    EXPECT_EQ(kept.err, "");
    EXPECT_EQ(status("a").st_mode & 07777U, 04755U);
    EXPECT_EQ(status("b").st_mode & 07777U, 02711U);
    EXPECT_EQ(status("suid").st_mode & 07777U, 04755U);
}

TEST_F(ChangesApply, CapabilitiesOfFilesAreDroppedByName) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "needs root, who can give a file capabilities";
    }
    change_on_host("echo h >b");
    change("echo x >a; chmod 0755 a; echo x >b");
    // cap_net_raw, permitted and effective.
    mark("b", "security.capability", std::string("\1\0\0\2\0\40\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20));
    mark("a", "security.capability", std::string("\1\0\0\2\0\40\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20));
    const Result result = verb({"apply", "--verbose", dir()});
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_EQ(result.out, "added     " + host("a") + "\nmodified  " + host("b") + "\n");
    EXPECT_EQ(result.err, "sandbox: " + host("a") + ": put on the host without capabilities (--keep-capabilities)\n" +
                              "sandbox: " + host("b") +
                              ": put on the host without capabilities (--keep-capabilities)\n");
    char value[64];
    EXPECT_LT(::lgetxattr(host("a").c_str(), "security.capability", value, sizeof value), 0);
    const Result kept = verb({"apply", "--verbose", dir(), "--keep-capabilities"});
    EXPECT_EQ(kept.err, "");
    const std::string given = " (no capabilities -> cap_net_raw=ep, attributes)\n";
    EXPECT_EQ(kept.out, "mode      " + host("a") + given + "mode      " + host("b") + given);
    EXPECT_EQ(::lgetxattr(host("a").c_str(), "security.capability", value, sizeof value), 20);
}

TEST_F(ChangesApply, DeviceNodesAreRefusedByName) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "needs root, who can make a device node";
    }
    craft("echo x >a");
    ASSERT_EQ(::mknod(upper("block").c_str(), S_IFBLK | 0666, makedev(7, 0)), 0);
    ASSERT_EQ(::mknod(upper("null").c_str(), S_IFCHR | 0666, makedev(1, 3)), 0);
    const Result result = verb({"apply", dir()});
    EXPECT_EQ(result.exit_status, 1) << result;
    EXPECT_EQ(result.err, "sandbox: " + host("block") + ": device nodes are not put on the host\n" +  //
                              "sandbox: " + host("null") + ": device nodes are not put on the host\n");
    EXPECT_EQ(by_path(listing()).size(), 1U);
    EXPECT_EQ(diff(), "added     block (block device)\nadded     null (character device)\n");
}

TEST_F(ChangesApply, OwnersAreTheUppers) {
    require_id_ranges();
    if (IsSkipped()) {
        return;
    }
    change_on_host("echo o >other");
    craft("echo x >a; mkdir d; echo y >d/b; echo n >other");
    const std::uint32_t id = ::geteuid() == 0 ? 4242 : first_subordinate();
    if (::geteuid() == 0) {
        ASSERT_EQ(::chown(upper("a").c_str(), id, id), 0);
        ASSERT_EQ(::chown(upper("d").c_str(), id, id), 0);
        ASSERT_EQ(::chmod(upper("a").c_str(), 0), 0);
    } else {
        sandbox::changes::Record record = sandbox::changes::parse_record(read_file(dir() + "/sandbox.json"));
        record.users.push_back({1, id, 1000});
        record.groups.push_back({1, id, 1000});
        write_file(dir() + "/sandbox.json", sandbox::changes::record_text(record));
        const Result given =
            run({"unshare", "--map-root-user", "--map-auto", "sh", "-euc", "chown 1:1 a d; chmod 0 a", "-"},
                {.directory = upper()});
        ASSERT_EQ(given.exit_status, 0) << given;
    }
    expect_applied();
    EXPECT_EQ(status("a").st_uid, id);
    EXPECT_EQ(status("d").st_gid, id);
    EXPECT_EQ(status("a").st_mode & 07777U, 0U);
    EXPECT_EQ(status("other").st_uid, ::geteuid());
    EXPECT_EQ(diff(), "");
    EXPECT_EQ(verb({"discard", dir()}).exit_status, 0);
    // What the caller may not remove itself.
    if (::geteuid() != 0) {
        run({"unshare", "--map-root-user", "--map-auto", "rm", "-rf", host("a"), host("d")});
    }
}

TEST_F(ChangesApply, WhatTheCallerMayNotGiveIsSaidOnce) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "needs root, who can give a file away in the first place";
    }
    craft("echo x >a; echo y >b; chown 4242:4242 a b");
    // An ordinary root of a container has the files, and not the ids.
    const Result result = run({"unshare", "--user", "--map-root-user", sandbox_binary(), "apply", dir()});
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_EQ(result.err.find("its owner stays the caller's"), result.err.rfind("its owner stays the caller's"));
    EXPECT_NE(result.err.find(host("a") + ": its owner stays the caller's"), std::string::npos) << result;
    EXPECT_EQ(read_file(host("b")), "y\n");
}

// Neither side leads anywhere else.
TEST_F(ChangesApply, FollowsNoLink) {
    change_on_host("mkdir ../outside; echo keep >../outside/a; mkdir d real; echo a >d/a; ln -s ../outside lower");
    craft("mkdir d lower; echo b >d/a; ln -s ../../../../outside up; echo evil >lower/a; ln -s /etc into");
    change_on_host("mv d away; ln -s ../outside d");
    const Result result = verb({"apply", dir()});
    EXPECT_EQ(result.exit_status, 1) << result;
    EXPECT_NE(result.err.find(host("d") + ": the host has changed it since the first run"), std::string::npos)
        << result;
    EXPECT_EQ(read_file(directory() / "outside/a"), "keep\n");
    EXPECT_EQ(read_file(host("lower/a")), "evil\n");
    EXPECT_TRUE(S_ISDIR(status("lower").st_mode));
    EXPECT_TRUE(S_ISLNK(status("up").st_mode));
    EXPECT_EQ(verb({"apply", dir(), "--force"}).exit_status, 0);
    EXPECT_EQ(read_file(directory() / "outside/a"), "keep\n");
    EXPECT_EQ(read_file(host("d/a")), "b\n");
}

TEST_F(ChangesApply, WhatNoRunLeavesIsNotPutOnTheHost) {
    change_on_host("echo a >meta");
    craft("mkdir moved; echo b >meta; echo c >fine");
    mark("moved", "user.overlay.redirect", "/etc");
    mark("meta", "user.overlay.metacopy", "");
    const Result result = verb({"apply", dir(), "--force"});
    EXPECT_EQ(result.exit_status, 1) << result;
    EXPECT_EQ(read_file(host("meta")), "a\n");
    EXPECT_EQ(read_file(host("fine")), "c\n");
    EXPECT_NE(::access(host("moved").c_str(), F_OK), 0);
}

TEST_F(ChangesApply, VerboseTellsEachChange) {
    change_on_host("echo a >a; echo b >b");
    change("echo c >a; rm b");
    const Result result = verb({"apply", "--verbose", dir()});
    EXPECT_EQ(result.out, "modified  " + host("a") + "\ndeleted   " + host("b") + "\n");
}

TEST_F(ChangesApply, AJournalFromElsewhereLeadsNowhere) {
    change("echo x >a");
    ::mkdir((directory() / "outside").c_str(), 0700);
    const std::string id(32, 'a');
    write_file(directory() / "outside/.sandbox-apply-" + id, "keep");
    std::string journal = "sandbox-journal1" + id;
    journal += std::string("\xff\xff\xff\xff\xff\xff\xff\xff", 8) + std::string(8, '\0') + std::string(400, 'x');
    write_file(dir() + "/journal", journal);
    const std::string path = host() + "/../outside";
    for (const std::string& place : {std::to_string(path.size()) + " " + path, std::string("8 /outside"),
                                     std::string("99999 /x"), std::string("x"), directory() / "outside"}) {
        write_file(dir() + "/pending", place);
        EXPECT_EQ(verb({"apply", dir()}).exit_status, 0);
        EXPECT_EQ(read_file(directory() / "outside/.sandbox-apply-" + id), "keep");
    }
    ::unlink((dir() + "/journal").c_str());
    ASSERT_EQ(::symlink(host("a").c_str(), (dir() + "/journal").c_str()), 0);
    EXPECT_EQ(verb({"apply", dir()}).exit_status, 125);
    EXPECT_EQ(read_file(host("a")), "x\n");
}

}  // namespace
}  // namespace sandbox_test
