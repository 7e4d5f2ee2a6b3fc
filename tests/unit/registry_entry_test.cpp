// What stands in the registry: written, read back, and read when it is damaged.
#include "registry/entry.hpp"

#include <sandbox/error.hpp>

#include <string>

#include <gtest/gtest.h>

namespace sandbox::registry {
namespace {

Request some_request() {
    return {"build", "5f8d", {100, 7'000}, true, true};
}

Running some_running() {
    Running running;
    running.init = {101, 7'001};
    running.command = {102, 7'002};
    running.sandbox.started = 1'700'000'000;
    running.sandbox.arguments = {"sh", "-c", "echo \xff"};
    running.sandbox.user = 4294967294;
    running.sandbox.group = 5;
    running.sandbox.users = {{0, 1000, 1}, {1, 100'000, 65'535}};
    running.sandbox.groups = {{5, 1000, 1}};
    running.sandbox.fresh = {Namespace::mnt, Namespace::user, Namespace::net};
    running.sandbox.namespaces[0] = {4'026'532'301, 4'026'531'832};
    running.sandbox.paths = {{"/", "", false}, {"/srv/\xff", "/srv/\xff", true}};
    running.sandbox.capabilities = {Capability::chown, Capability::checkpoint_restore};
    running.sandbox.cwd = "/srv";
    running.sandbox.notes = {"landlock: off"};
    running.joining.owned = {Namespace::user, Namespace::uts};
    running.joining.groups = {1, 2};
    running.joining.set_ids = true;
    running.joining.set_groups = true;
    running.joining.core_limit = 1;
    running.joining.filter = {{0xffff, 0xff, 1, 0xffffffff}, {6, 0, 0, 0x7fff0000}};
    running.joining.clear_environment = true;
    running.joining.environment = {{"A", "b=c\n"}, {"CI_*", std::nullopt}};
    running.joining.home = "/root";
    running.joining.user_name = "root";
    return running;
}

TEST(RegistryEntry, IsReadAsItWasWritten) {
    const std::string text = request_line(some_request()) + running_line(some_running());
    const std::optional<Entry> entry = parse_entry(text);
    ASSERT_TRUE(entry && entry->running);
    EXPECT_FALSE(entry->ended);
    EXPECT_EQ(request_line(entry->request) + running_line(*entry->running), text);
    EXPECT_EQ(entry->request.launcher, (ProcessId{100, 7'000}));
    EXPECT_EQ(entry->running->command, (ProcessId{102, 7'002}));
    EXPECT_EQ(entry->running->joining.filter[0].k, 0xffffffffU);
    EXPECT_EQ(entry->running->joining.filter[0].jt, 0xffU);
    const NamedSandbox sandbox = sandbox_of(*entry);
    EXPECT_EQ(sandbox.name, "build");
    EXPECT_EQ(sandbox.command, 102);
    EXPECT_EQ(sandbox.arguments.back(), "echo \xff");
    EXPECT_EQ(sandbox.paths[1].path, "/srv/\xff");
    EXPECT_TRUE(sandbox.detached && sandbox.capabilities.contains(Capability::checkpoint_restore));
}

TEST(RegistryEntry, PathsOfEveryKind) {
    Running running = some_running();
    running.sandbox.paths = {{"/", "", false}, {"/a b", "/a b", true}, {"/x", "/y\n1=", false}, {"/z", "/=", true}};
    const std::string text = request_line(some_request()) + running_line(running);
    const std::optional<Entry> entry = parse_entry(text);
    ASSERT_TRUE(entry && entry->running);
    const std::vector<ShownPath> paths = sandbox_of(*entry).paths;
    ASSERT_EQ(paths.size(), running.sandbox.paths.size());
    for (std::size_t i = 0; i < paths.size(); ++i) {
        EXPECT_EQ(paths[i].path, running.sandbox.paths[i].path);
        EXPECT_EQ(paths[i].source, running.sandbox.paths[i].source);
        EXPECT_EQ(paths[i].writable, running.sandbox.paths[i].writable);
    }
    const std::string written = "r1 0:/w4=/a b";
    ASSERT_NE(text.find(written), std::string::npos) << text;
    for (const char* garbage :
         {"x1=/", "r", "r1", "r9999999=/", "r1x/", "r1 1:/", "r99999999999999999999=/", "r-1=/"}) {
        std::string changed = text;
        changed.replace(changed.find(written), written.size(), garbage);
        const std::optional<Entry> read = parse_entry(changed);
        EXPECT_TRUE(read && !read->running) << garbage;
    }
}

TEST(RegistryEntry, SaysHowItEnded) {
    const std::string text = request_line(some_request()) + running_line(some_running());
    for (const Outcome outcome :
         {Outcome{Outcome::Kind::exited, 3}, Outcome{Outcome::Kind::exited, 0}, Outcome{Outcome::Kind::signaled, 9},
          Outcome{Outcome::Kind::lost, 0}, Outcome{Outcome::Kind::signaled, 9, Limit::timeout},
          Outcome{Outcome::Kind::exited, 0, Limit::cpu_time}}) {
        const std::optional<Entry> entry = parse_entry(text + ended_line(outcome));
        ASSERT_TRUE(entry && entry->ended);
        EXPECT_EQ(entry->ended->kind, outcome.kind);
        EXPECT_EQ(entry->ended->exit_status(), outcome.exit_status());
    }
}

TEST(RegistryEntry, ALineThatWasCutOffSaysNothing) {
    const std::string first = request_line(some_request());
    const std::string text = first + running_line(some_running());
    for (std::size_t length = 0; length < text.size(); ++length) {
        const std::optional<Entry> entry = parse_entry(text.substr(0, length));
        EXPECT_EQ(entry.has_value(), length >= first.size()) << length;
        EXPECT_FALSE(entry && entry->running) << length;
    }
}

TEST(RegistryEntry, GarbageIsNone) {
    for (const char* text :
         {"", "\n", "{}\n", "null\n", "[]\n", "{\"request\":1}\n", "{\"request\":{\"name\":1}}\n", "\xff\n"}) {
        EXPECT_FALSE(parse_entry(text)) << text;
    }
    std::string text = running_line(some_running());
    EXPECT_FALSE(parse_entry(text));  // the first line is missing
    text.insert(0, request_line(some_request()));
    for (const auto& [from, to] : {std::pair<std::string, std::string>{"\"fresh\":[\"mnt\"", "\"fresh\":[\"moon\""},
                                   {"\"user\":4294967294", "\"user\":4294967296"},
                                   {"\"pid\":101", "\"pid\":-1"},
                                   {"\"filter\":\"", "\"filter\":\"x"},
                                   {"[[0,1000,1]", "[[0,1000]"}}) {
        std::string damaged = text;
        const std::size_t at = damaged.find(from);
        ASSERT_NE(at, std::string::npos) << from;
        damaged.replace(at, from.size(), to);
        const std::optional<Entry> entry = parse_entry(damaged);
        ASSERT_TRUE(entry) << from;
        EXPECT_FALSE(entry->running) << from;
    }
}

TEST(RegistryName, IsPlain) {
    for (const std::string& name :
         {std::string("a"), std::string("0"), std::string("a.b_c-D9"), std::string(64, 'x')}) {
        EXPECT_NO_THROW(check_name(name)) << name;
    }
    for (const std::string& name :
         {std::string(), std::string("."), std::string(".."), std::string("-a"), std::string("a/b"), std::string("a b"),
          std::string("a\n"), std::string("\xc3\xbc"), std::string("a\0b", 3), std::string(65, 'x')}) {
        EXPECT_THROW(check_name(name), Error) << name;
    }
}

}  // namespace
}  // namespace sandbox::registry
