// Root of the host that asks for its own ids: --map-users real.
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "support/named.hpp"
#include "support/roots.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

using Words = std::vector<std::string>;

// Root, and whoever it makes itself: what they own on the host is theirs.
TEST_F(IdentityOfRoot, RealIsRootOfTheHost) {
    const std::string tree = make_tree("tree", 0);
    const std::string others = make_tree("others", other);
    Result result = inside_shell(
        "cat /proc/self/uid_map /proc/self/gid_map; stat -c %u /etc/passwd " + others + "; cat " + tree + "/file " +
            others + "/file; touch " + others + "/roots; touch " + others + "/given; chown 33:44 " + others +
            "/given; setpriv --reuid 1001 --regid 1001 --clear-groups touch " + others + "/made",
        {.sandbox = {"--map-users", "real", "--ro", tree, "--rw", others}});
    const std::string all = "         0          0 4294967295\n";
    EXPECT_EQ(result.out, all + all + "0\n1001\ntext\ntext\n") << result;
    EXPECT_EQ(owner_of(others + "/roots"), "0:0");
    EXPECT_EQ(owner_of(others + "/given"), "33:44");
    EXPECT_EQ(owner_of(others + "/made"), "1001:1001");
    result = inside_shell("id -u; id -G; cat " + others + "/file; cat " + tree + "/file",
                          {.sandbox = {"--map-users", "real", "--user", "1001:1001", "--ro", tree, "--ro", others}});
    EXPECT_EQ(result.out, "1001\n1001\ntext\n") << result;
    EXPECT_TRUE(contains(result.err, tree + "/file: Permission denied")) << result;
}

// Its own id under another number is the only one.
TEST_F(IdentityOfRoot, RealUnderAnotherNumber) {
    const std::string others = make_tree("others", other);
    const Result result = inside_shell("cat /proc/self/uid_map; cat " + others + "/file",
                                       {.sandbox = {"--map-users", "real", "--uid", "7", "--ro", others}});
    EXPECT_EQ(result.out, "         7          0          1\n") << result;
    EXPECT_TRUE(contains(result.err, "Permission denied")) << result;
}

// As root of a container has it: the ids of the kind for which the capability is missing are root's own alone.
TEST_F(IdentityOfRoot, RealWithoutTheCapability) {
    const auto without = [](const std::string& capabilities, const Words& options) {
        Words words = {"setpriv", "--bounding-set", capabilities};
        const Words command = sandbox_command({"cat", "/proc/self/uid_map", "/proc/self/gid_map"}, options);
        words.insert(words.end(), command.begin(), command.end());
        return run(words);
    };
    const std::string all = "         0          0 4294967295\n";
    const std::string single = "         0          0          1\n";
    const Words real = {"--map-users", "real"};
    EXPECT_EQ(without("-sys_admin,-chown", real).out, all + all) << without("-sys_admin,-chown", real);
    EXPECT_EQ(without("-setuid", real).out, single + all) << without("-setuid", real);
    EXPECT_EQ(without("-setgid", real).out, all + single) << without("-setgid", real);
    EXPECT_EQ(without("-all,+setfcap", real).out, single + single) << without("-all,+setfcap", real);
    Result result = without("-setuid,-setgid", {"--map-users", "real", "--explain"});
    EXPECT_TRUE(contains(result.out, "ids: root's is the only user id inside, as root lacks CAP_SETUID")) << result;
    EXPECT_TRUE(contains(result.out, "ids: root's is the only group id inside, as root lacks CAP_SETGID")) << result;
    // Since Linux 5.12 root's own id takes this one.
    result = without("-setfcap", real);
    EXPECT_EQ(result.exit_status, 125) << result;
    EXPECT_TRUE(contains(result.err, "CAP_SETFCAP")) << result;
}

// Root of a container is not root of the host, and is not trusted more than the user that it is there.
TEST_F(IdentityOfRoot, RootOfAContainer) {
    const auto contained = [](const std::string& map, const Words& options) {
        Running container({"unshare", "--user", "sh", "-c", "echo up; read x"}, {.input = "", .keep_input_open = true});
        container.expect("up\n");
        const std::string pid = std::to_string(container.pid());
        for (const char* file : {"/uid_map", "/gid_map"}) {
            write_file("/proc/" + pid + file, map);
        }
        Words words = {"nsenter", "--user", "--target", pid, "--setuid", "0", "--setgid", "0"};
        const Words command = sandbox_command({"cat", "/proc/self/uid_map"}, options);
        words.insert(words.end(), command.begin(), command.end());
        Result result = run(words);
        container.write("\n");
        container.wait();
        return result;
    };
    const std::string single = "         0          0          1\n";
    Result result = contained("0 100000 65536", {});
    EXPECT_EQ(result.out, single) << result;
    result = contained("0 100000 65536", {"--map-users", "private"});
    EXPECT_TRUE(contains(result.err, "root here is not root of the host")) << result;
    result = contained("0 0 4294967295", {});
    EXPECT_EQ(result.exit_status, 125) << result;
    EXPECT_TRUE(contains(result.err, "root is in a user namespace that does not own the host's file systems"))
        << result;
    result = contained("0 0 4294967295", {"--map-users", "real"});
    EXPECT_EQ(result.out, "         0          0 4294967295\n") << result;
    result = contained("0 100000 65536\n", {"--map-users", "real"});
    EXPECT_EQ(result.out, "         0          0      65536\n") << result;
    result = contained("0 100000 1000\n70000 200000 10\n", {"--map-users", "real"});
    EXPECT_EQ(result.out, "         0          0       1000\n     70000       1000         10\n") << result;
    result = contained("0 100000 1\n", {"--map-users", "real"});
    EXPECT_EQ(result.out, single) << result;
}

class IdentityOfRootEntered : public NamesTest {};

TEST_F(IdentityOfRootEntered, HasRealIds) {
    if (geteuid() != 0) {
        GTEST_SKIP() << "about what root starts";
    }
    const std::string tree = directory() / "tree";
    std::filesystem::create_directory(tree);
    Running web = start_named("web", "exec sleep 1000", {"--rw", tree, "--map-users", "real"});
    const Result result = sandbox({"enter", "web", "--", "sh", "-c",
                                   "cat /proc/self/uid_map; id -u; touch " + tree + "/x; chown 33:44 " + tree + "/x"});
    EXPECT_EQ(result.out, "         0          0 4294967295\n0\n") << result;
    EXPECT_EQ(owner_of(tree + "/x"), "33:44");
    web.send(SIGTERM);
    web.wait();
}

}  // namespace
}  // namespace sandbox_test
