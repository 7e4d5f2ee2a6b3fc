// Fuzz targets: functions that take any text and end the program where something does not hold. The same source is
// linked with libFuzzer, which makes up the texts (`./dev fuzz`), and with a main that replays the texts of corpus/ (a
// normal test).
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace sandbox_fuzz {

/// Ends the program with a word on what does not hold; libFuzzer keeps the text then.
void must(bool holds, std::string_view what);

/// One line a word; a NUL, which no word of a command line can hold, stands for a newline in it.
[[nodiscard]] std::vector<std::string> words_of(std::string_view text);

/// Calls `parse`, which may throw `Documented` and nothing else. Whether it returned.
template <class Documented, class Parse>
bool accepts(Parse parse) {
    try {
        parse();
        return true;
    } catch (const Documented& refused) {
        must(*refused.what() != '\0', "a refusal says why");
        return false;
    }
}

void changes(std::string_view text);
void command_line(std::string_view text);
void environment(std::string_view text);
void mountinfo(std::string_view text);
void numbers(std::string_view text);
void passwd(std::string_view text);
void paths(std::string_view text);
void placeholders(std::string_view text);
void plan(std::string_view text);
void profile(std::string_view text);
void subids(std::string_view text);
void text(std::string_view text);
void values(std::string_view text);

struct Target {
    std::string_view name;  ///< also the directory in corpus/
    void (*run)(std::string_view text);
};

inline constexpr std::array targets{
    Target{"changes", changes},
    Target{"command_line", command_line},
    Target{"environment", environment},
    Target{"mountinfo", mountinfo},
    Target{"numbers", numbers},
    Target{"passwd", passwd},
    Target{"paths", paths},
    Target{"placeholders", placeholders},
    Target{"plan", plan},
    Target{"profile", profile},
    Target{"subids", subids},
    Target{"text", text},
    Target{"values", values},
};

}  // namespace sandbox_fuzz
