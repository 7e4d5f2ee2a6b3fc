// Holds man/sandbox.1 to the option table: every option is there with the same argument, and no other.
//
// In mdoc(7) an option's entry is `.It Fl -name Ar ARGUMENT`. An argument of several parts is compared by what a reader
// sees: `Ar SRC Ns Op : Ns Ar DST` is SRC[:DST], blanks do not count.
#include "cli/option_table.hpp"
#include "cli/verb_table.hpp"
#include "unit/source_file.hpp"

#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace sandbox::cli {
namespace {

std::vector<std::string> tokens(const std::string& line) {
    std::istringstream words(line);
    std::vector<std::string> result;
    for (std::string word; words >> word;) {
        result.push_back(word);
    }
    return result;
}

/// A word of mdoc without the escapes that print nothing, and its dashes and backslashes plain.
std::string plain(std::string word) {
    for (const auto& [escape, text] : std::vector<std::pair<std::string, std::string>>{
             {"\\&", ""}, {"\\-", "-"}, {"\\(ba", "|"}, {"\\e", "\\"}, {"\"", ""}}) {
        for (std::size_t at = word.find(escape); at != std::string::npos; at = word.find(escape, at + text.size())) {
            word.replace(at, escape.size(), text);
        }
    }
    return word;
}

struct Entry {
    std::string name;
    std::string argument;
};

/// The options of one `.It` line; `Fl -ro Ar SRC , Fl -rw Ar SRC` has two.
std::vector<Entry> entries(const std::string& line) {
    static const std::set<std::string> silent{"Ar", "Cm", "Ns", "No", "Li", "Sm", "Pf", "Ql", "on", "off"};
    std::vector<Entry> result;
    std::string closing;
    const std::vector<std::string> words = tokens(line);
    for (std::size_t at = 1; at < words.size(); ++at) {
        if (words[at] == "Fl" && at + 1 < words.size()) {
            const std::string flag = plain(words[++at]);
            result.push_back({flag.substr(flag.starts_with('-') ? 1 : 0), ""});
        } else if (result.empty() || silent.contains(words[at])) {
            continue;
        } else if (words[at] == "Op") {  // up to the end of the line
            result.back().argument += "[";
            closing += "]";
        } else if (words[at] == "Oo" || words[at] == "Oc") {
            result.back().argument += words[at] == "Oo" ? "[" : "]";
        } else {
            result.back().argument += plain(words[at]);
        }
    }
    if (!result.empty()) {
        result.back().argument += closing;
    }
    for (Entry& entry : result) {
        while (entry.argument.ends_with(',') && &entry != &result.back()) {
            entry.argument.pop_back();
        }
    }
    return result;
}

std::map<std::string, std::string> documented(const std::string& page) {
    std::map<std::string, std::string> options;
    std::istringstream lines(page);
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with(".It ")) {
            continue;
        }
        for (const Entry& entry : entries(line)) {
            EXPECT_TRUE(options.emplace(entry.name, entry.argument).second) << "documented twice: " << entry.name;
        }
    }
    return options;
}

/// Long options that the text names outside of `.It`, which must be options too.
std::set<std::string> mentioned(const std::string& page) {
    std::set<std::string> names;
    const std::vector<std::string> words = tokens(page);
    for (std::size_t at = 0; at + 1 < words.size(); ++at) {
        const std::string flag = plain(words[at + 1]);
        if ((words[at] == "Fl" || words[at] == ".Fl") && flag.starts_with('-')) {
            names.insert(flag.substr(1, flag.find('=') - 1));
        }
    }
    return names;
}

/// `.It Cm enter Ar NAME Op Ar COMMAND` has `NAME [COMMAND]`: an `Op` goes on to the end of the line.
std::string verb_arguments(const std::vector<std::string>& words) {
    std::string arguments;
    std::string closing;
    for (std::size_t at = 3; at < words.size(); ++at) {
        if (words[at] == "Op") {
            arguments += arguments.empty() ? "[" : " [";
            closing += "]";
        } else if (words[at] != "Ar") {
            arguments += (arguments.empty() || arguments.ends_with('[') ? "" : " ") + plain(words[at]);
        }
    }
    return arguments + closing;
}

TEST(ManPage, DocumentsEveryOptionWithItsArgument) {
    const std::map<std::string, std::string> options = documented(test::read_source_file("man/sandbox.1"));
    for (const Option& option : option_table) {
        const auto found = options.find(std::string(option.name));
        ASSERT_NE(found, options.end()) << "no .It Fl -" << option.name;
        EXPECT_EQ(found->second, option.argument) << option.name;
    }
}

TEST(ManPage, DocumentsNoOptionThatIsNone) {
    const std::string page = test::read_source_file("man/sandbox.1");
    for (const auto& [name, argument] : documented(page)) {
        EXPECT_NE(find_option(name), nullptr) << name;
    }
    for (const std::string& name : mentioned(page)) {
        EXPECT_NE(find_option(name), nullptr) << name;
    }
}

TEST(ManPage, DocumentsEveryVerb) {
    const std::string page = test::read_source_file("man/sandbox.1");
    const std::size_t start = page.find("\n.Sh VERBS\n");
    ASSERT_NE(start, std::string::npos);
    const std::string section = page.substr(start, page.find("\n.Sh ", start + 1) - start);
    std::map<std::string, std::string> verbs;
    std::istringstream lines(section);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with(".It Cm ")) {
            const std::vector<std::string> words = tokens(line);
            const std::string arguments = verb_arguments(words);
            EXPECT_TRUE(verbs.emplace(words[2], arguments).second) << "documented twice: " << words[2];
        }
    }
    EXPECT_EQ(verbs.size(), verb_table.size());
    for (const Verb& verb : verb_table) {
        const auto found = verbs.find(std::string(verb.name));
        ASSERT_NE(found, verbs.end()) << "no .It Cm " << verb.name;
        EXPECT_EQ(found->second, verb.arguments) << verb.name;
    }
}

TEST(ManPage, EachVerbHasAPageWithItsOptions) {
    for (const Verb& verb : verb_table) {
        if (verb.id == VerbId::gc) {
            continue;  // it has none, and stands in sandbox(1)
        }
        std::map<std::string, std::string> options{{"help", ""}};
        for (const VerbOption& option : verb_options) {
            if (option.verb == verb.id) {
                options.emplace(option.name, option.argument);
            }
        }
        const std::string page = test::read_source_file("man/sandbox-" + std::string(verb.name) + ".1");
        EXPECT_EQ(documented(page), options) << verb.name;
    }
}

// mdoc(7) takes a point of its own for the end of a sentence, and a backslash for the end of no line.
TEST(ManPage, ExamplesAreShownAsTheyAreTyped) {
    std::vector<std::string> pages{"sandbox.1", "sandbox.7", "sandbox-report.5"};
    for (const Verb& verb : verb_table) {
        if (verb.id != VerbId::gc) {
            pages.push_back("sandbox-" + std::string(verb.name) + ".1");
        }
    }
    for (const std::string& page : pages) {
        std::istringstream lines(test::read_source_file("man/" + page));
        for (std::string line; std::getline(lines, line);) {
            const bool macro = line.starts_with(".Dl ") || line.starts_with(".Li ") || line.starts_with(".Ql ");
            EXPECT_FALSE(macro && line.find(" . ") != std::string::npos) << page << ": " << line;
            EXPECT_FALSE(line.ends_with(" \\")) << page << ": " << line;
        }
    }
}

TEST(ManPageReader, ReadsTheFormsOfAnArgument) {
    const auto read = [](const std::string& line) { return documented(line + "\n"); };
    using Options = std::map<std::string, std::string>;
    EXPECT_EQ(read(".It Fl -init"), (Options{{"init", ""}}));
    EXPECT_EQ(read(".It Fl -uid Ar ID"), (Options{{"uid", "ID"}}));
    EXPECT_EQ(read(".It Fl -uid Ar ID , Fl -gid Ar ID"), (Options{{"uid", "ID"}, {"gid", "ID"}}));
    EXPECT_EQ(read(".It Fl -ro Ar SRC Ns Op : Ns Ar DST"), (Options{{"ro", "SRC[:DST]"}}));
    EXPECT_EQ(read(".It Fl -ro Ar SRC Ns Oo : Ns Ar DST Oc"), (Options{{"ro", "SRC[:DST]"}}));
    EXPECT_EQ(read(".It Fl -ro Ar SRC[:DST]"), (Options{{"ro", "SRC[:DST]"}}));
    EXPECT_EQ(read(".It Fl -net Cm none | host"), (Options{{"net", "none|host"}}));
    EXPECT_EQ(read(".It Fl -net Cm none Ns \\(ba Ns Cm host"), (Options{{"net", "none|host"}}));
    EXPECT_EQ(read(".It Fl \\-env Ar NAME Ns Op = Ns Ar VALUE"), (Options{{"env", "NAME[=VALUE]"}}));
    EXPECT_EQ(read(".It Fl -tmpfs Ar DST Ns Oo : Ns Cm size= Ns Ar SIZE , Cm mode= Ns Ar MODE Oc"),
              (Options{{"tmpfs", "DST[:size=SIZE,mode=MODE]"}}));
    EXPECT_EQ(read(".It 125"), (Options{}));
    EXPECT_EQ(mentioned(".Fl -rw\nSee\n.Op Fl -memory Ns = Ns Ar X"), (std::set<std::string>{"rw", "memory"}));
}

}  // namespace
}  // namespace sandbox::cli
