# Writes the files of this folder into a C file: cmake -DFOLDER=… -DOUTPUT=… -P embed.cmake
set(files page.css page.js icon.svg)
set(type_css "text/css; charset=utf-8")
set(type_js "text/javascript; charset=utf-8")
set(type_svg "image/svg+xml")

set(arrays "")
set(rows "")
set(all "")
foreach(file IN LISTS files)
    file(READ "${FOLDER}/${file}" hex HEX)
    string(APPEND all "${hex}")
    string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
    string(MAKE_C_IDENTIFIER "${file}" name)
    string(REGEX REPLACE ".*\\." "" kind "${file}")
    string(APPEND arrays "static const char ${name}[] = {\n${bytes}\n};\n")
    string(APPEND rows "    {\"/${file}\", \"${type_${kind}}\", ${name}, sizeof ${name}},\n")
endforeach()
string(SHA256 version "${all}")
string(SUBSTRING "${version}" 0 12 version)
file(WRITE "${OUTPUT}" "/* Made by worker/page/embed.cmake. */
#include \"worker/page_assets.h\"

${arrays}
const struct page_asset page_assets[] = {
${rows}};
const size_t page_assets_count = sizeof page_assets / sizeof *page_assets;
const char page_assets_version[] = \"${version}\";
")
