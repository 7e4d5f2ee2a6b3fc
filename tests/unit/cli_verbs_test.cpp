// Command lines that begin with a verb, and the tables that the verbs print.
#include "cli/inspection.hpp"
#include "cli/listing.hpp"
#include "cli/table.hpp"
#include "cli/verb_call.hpp"
#include "unit/cli_parsing.hpp"

#include <sandbox/error.hpp>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace sandbox::cli {
namespace {

VerbCall call(std::vector<std::string> words) {
    const Verb* const verb = find_verb(words.at(0));
    words.erase(words.begin());
    return parse_verb(*verb, words);
}

std::string verb_refusal(const std::vector<std::string>& words) {
    try {
        (void)call(words);
    } catch (const Error& error) {
        EXPECT_EQ(error.exit_status(), 125);
        return std::string(error.what()) + " | " + error.fix();
    }
    return "none";
}

TEST(VerbTable, RowsStandInTheOrderOfTheEnums) {
    for (std::size_t at = 0; at < verb_table.size(); ++at) {
        EXPECT_EQ(static_cast<std::size_t>(verb_table[at].id), at);
        EXPECT_EQ(&verb(verb_table[at].id), &verb_table[at]);
    }
    for (std::size_t at = 0; at < verb_options.size(); ++at) {
        EXPECT_EQ(static_cast<std::size_t>(verb_options[at].id), at);
        EXPECT_TRUE(verb_options[at].help.ends_with('.')) << verb_options[at].name;
    }
}

TEST(VerbCall, HasWordsOptionsAndACommand) {
    const VerbCall entered = call({"enter", "--env", "A=b", "web", "--env=C", "--tty", "new", "--", "sh", "--", "-c"});
    EXPECT_EQ(entered.id, VerbId::enter);
    EXPECT_EQ(entered.words, std::vector<std::string>{"web"});
    EXPECT_EQ(entered.options.at(VerbOptionId::enter_env), (std::vector<std::string>{"A=b", "C"}));
    EXPECT_EQ(entered.value(VerbOptionId::enter_tty), "new");
    EXPECT_FALSE(entered.has(VerbOptionId::enter_cwd));
    EXPECT_EQ(entered.command, (std::vector<std::string>{"sh", "--", "-c"}));
    EXPECT_TRUE(call({"list", "--json", "--json"}).has(VerbOptionId::list_json));
    EXPECT_EQ(call({"stop", "a", "b", "--timeout=3"}).words.size(), 2U);
    EXPECT_TRUE(call({"inspect", "--help"}).help);
}

TEST(VerbCall, APathMayBeginWithADashBehindTwo) {
    const VerbCall applied = call({"apply", "--force", "dir", "a", "--", "-b", "--force"});
    EXPECT_EQ(applied.words, (std::vector<std::string>{"dir", "a", "-b", "--force"}));
    EXPECT_TRUE(applied.has(VerbOptionId::apply_force));
    EXPECT_EQ(call({"discard", "--", "-d"}).words, std::vector<std::string>{"-d"});
}

TEST(VerbCall, RefusesWhatIsEmpty) {
    EXPECT_EQ(verb_refusal({"apply", "dir", ""}), "apply '': an argument is empty | sandbox apply DIR [PATH...]");
    EXPECT_EQ(verb_refusal({"discard", ""}), "discard '': an argument is empty | sandbox discard DIR");
    EXPECT_EQ(verb_refusal({"stop", "web", ""}), "stop '': an argument is empty | sandbox stop NAME...");
}

TEST(VerbCall, RefusesWhatItDoesNotTake) {
    EXPECT_EQ(verb_refusal({"stop"}), "stop: the name of a sandbox is missing | sandbox stop NAME...");
    EXPECT_EQ(verb_refusal({"wait", "a", "b"}),
              "wait b: the verb takes one name | sandbox wait NAME; a command of that name: sandbox -- wait");
    EXPECT_EQ(verb_refusal({"enter", "web", "ls", "/a b"}),
              "enter ls: a command stands behind -- | sandbox enter web -- ls '/a b'");
    EXPECT_EQ(verb_refusal({"enter", "a", "b", "--", "ls"}),
              "enter b: the verb takes one name | sandbox enter NAME [-- COMMAND [ARG...]]; a command of that name: "
              "sandbox -- enter");
    EXPECT_EQ(verb_refusal({"gc", "a"}),
              "gc a: the verb takes no arguments | sandbox gc; a command of that name: sandbox -- gc");
    EXPECT_EQ(verb_refusal({"list", "--", "x"}), "list --: the verb takes no command | sandbox list [NAME...]");
    EXPECT_EQ(verb_refusal({"list", "--jsn"}), "--jsn: no such option | did you mean --json?");
    EXPECT_EQ(verb_refusal({"stop", "--rw", "x", "y"}), "--rw: no such option | sandbox stop --help lists its options");
    EXPECT_EQ(verb_refusal({"stop", "--timeout"}), "--timeout: needs a value | --timeout SECONDS");
    EXPECT_EQ(verb_refusal({"stop", "--timeout", "1", "--timeout", "2", "a"}),
              "stop: --timeout 2: the option was already given | give it once");
    EXPECT_EQ(verb_refusal({"diff"}), "diff: a directory of changes is missing | sandbox diff DIR [PATH...]");
    EXPECT_EQ(verb_refusal({"discard", "a", "b"}),
              "discard b: the verb takes one directory | sandbox discard DIR; a command of that name: sandbox -- "
              "discard");
    EXPECT_EQ(verb_refusal({"list", "--json=1"}), "--json: takes no value | ");
}

TEST(Options, BehindTwoDashesAVerbIsACommand) {
    EXPECT_FALSE(parse_words({"--", "list"}).call);
    EXPECT_TRUE(parse_words({"list"}).call);
}

TEST(Table, HasNoBlanksAtTheEnds) {
    const std::vector<Row> rows = {{"A", "LONG", "C"}, {"wide", "x", ""}};
    EXPECT_EQ(table_text(rows), "A     LONG  C\nwide  x\n");
    EXPECT_EQ(table_text({}), "");
}

TEST(Listing, AgesAndSizes) {
    EXPECT_EQ(age_text(-5), "0s");
    EXPECT_EQ(age_text(59), "59s");
    EXPECT_EQ(age_text(60), "1m");
    EXPECT_EQ(age_text(3'600), "1h");
    EXPECT_EQ(age_text(86'400LL * 3), "3d");
    EXPECT_EQ(size_text(0), "0K");
    EXPECT_EQ(size_text(1'000'000), "976K");
    EXPECT_EQ(size_text(1'572'864), "1.5M");
    EXPECT_EQ(size_text(200ULL << 20U), "200M");
    EXPECT_EQ(size_text(3ULL << 40U), "3.0T");
}

NamedSandbox hostile() {
    NamedSandbox sandbox;
    sandbox.name = "web";
    sandbox.command = 12;
    sandbox.arguments = {"sh", "\x1b]0;title\x07", "a b"};
    sandbox.fresh = {Namespace::mnt, Namespace::user};
    sandbox.namespaces[0] = {4, 3};
    sandbox.namespaces[1] = {5, 5};
    sandbox.cwd = "/\x1b[2J";
    sandbox.paths = {{"/x\x1b", "", true}};
    sandbox.notes = {"\x1b"};
    sandbox.users = {{0, 1000, 1}};
    return sandbox;
}

TEST(Listing, CarriesNoControlCharacters) {
    const std::vector<NamedSandbox> all = {hostile()};
    for (const std::string& text :
         {list_table(all), namespaces_table(all), list_json(all), inspection_text(all[0]), inspection_json(all[0])}) {
        EXPECT_TRUE(std::ranges::none_of(text, [](char c) { return c != '\n' && static_cast<unsigned char>(c) < 32; }))
            << text;
    }
    EXPECT_TRUE(list_table(all).find("\nweb   12") != std::string::npos) << list_table(all);
    EXPECT_TRUE(list_table(all).find("pid,uts,ipc,net,cgroup") != std::string::npos) << list_table(all);
    EXPECT_TRUE(namespaces_table(all).find("\n5   pid   same  12   web") != std::string::npos) << namespaces_table(all);
}

}  // namespace
}  // namespace sandbox::cli
