// Judges objects of operators by their @kubernetes-models.
//
// usage: node models.js NODE_MODULES OBJECTS.json
"use strict";
const fs = require("fs");
const path = require("path");

const packages = {
    "keda.sh": "keda",
    "monitoring.coreos.com": "prometheus-operator",
    "external-secrets.io": "external-secrets",
};

// By path: one of these packages names files in its "exports" that are not there.
function model(modules, object) {
    const [group, version] = object.apiVersion.split("/");
    const folder = path.join(modules, "@kubernetes-models", packages[group], group, version);
    return require(path.join(folder, `${object.kind}.js`))[object.kind];
}

const [modules, file] = process.argv.slice(2);
const objects = JSON.parse(fs.readFileSync(file, "utf8"));
for (const object of objects) {
    const Model = model(path.resolve(modules), object);
    new Model(object).validate();
    // A model that lets everything pass would judge nothing.
    let refused = false;
    try {
        new Model({ ...object, spec: 1 }).validate();
    } catch {
        refused = true;
    }
    if (!refused) {
        throw new Error(`the model of ${object.kind} takes anything`);
    }
    console.log(`${object.apiVersion} ${object.kind}: fine`);
}
if (objects.length === 0) {
    throw new Error("nothing to judge");
}
